//! What holds for uploads wherever they rest.

use common::config::{Duration, Problems, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::upload::{Quota, Time};

/// What people may upload, and how long they may take.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Rules {
    /// The most bytes of one upload. A part of the largest must fit into the memory for parts.
    pub max_size: Size,
    /// The most bytes of all uploads of an account, as they were declared, finished or not.
    pub account_bytes: Size,
    /// The most uploads of an account, finished or not.
    pub account_uploads: u32,
    /// How long an upload that is not finished is kept after it was last written.
    pub unfinished_for: Duration,
    /// For how long signed addresses are good.
    pub signed_for: Duration,
    /// How much later than it could be committed at the latest a part is removed that never was. Longer than the clocks
    /// of replicas and of the store may differ.
    pub grace: Duration,
    /// How long a writer may send nothing.
    pub silent_for: Duration,
    /// How often what was never finished is looked for.
    pub clean_every: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        const GIB: u64 = 1024 * 1024 * 1024;
        Self {
            max_size: Size(5 * GIB),
            account_bytes: Size(10 * GIB),
            account_uploads: 10_000,
            unfinished_for: Duration::from_secs(24 * 3600),
            signed_for: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(5 * 60),
            silent_for: Duration::from_secs(10),
            clean_every: Duration::from_secs(30),
        }
    }
}

impl Rules {
    /// Reports what cannot be used; `path` is where this section stands.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        for (name, span) in [
            ("unfinished_for", self.unfinished_for),
            ("signed_for", self.signed_for),
            ("silent_for", self.silent_for),
            ("clean_every", self.clean_every),
        ] {
            if span.0.is_zero() {
                problems.add(format!("{path}.{name}"), "found 0s; a duration above zero, such as 10s");
            }
        }
        for (name, found) in [
            ("max_size", self.max_size.0),
            ("account_bytes", self.account_bytes.0),
            ("account_uploads", self.account_uploads.into()),
        ] {
            if found == 0 {
                problems.add(format!("{path}.{name}"), "found 0; more, or nobody can upload anything");
            }
        }
        // What S3 signs at most.
        if self.signed_for.0 > Duration::from_secs(7 * 24 * 3600).0 {
            problems.add(format!("{path}.signed_for"), "found more; seven days at most");
        }
    }

    /// What an account may have.
    pub(crate) fn quota(&self) -> Quota {
        Quota { bytes: self.account_bytes.0, uploads: self.account_uploads.into() }
    }

    /// When an upload that is written now is removed, unless it is finished.
    pub(crate) fn expiry(&self) -> Time {
        Time::now().after(self.unfinished_for.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_which_nobody_could_upload_anything_are_refused() {
        let nothing =
            Rules { max_size: Size(0), account_bytes: Size(0), account_uploads: 0, ..Rules::default() };
        let (mut told, mut of_defaults) = (Problems::default(), Problems::default());

        nothing.validate("uploads", &mut told);
        Rules::default().validate("uploads", &mut of_defaults);

        assert_eq!(of_defaults.to_string(), "");
        for setting in ["MAX_SIZE", "ACCOUNT_BYTES", "ACCOUNT_UPLOADS"] {
            let setting = format!("FAIRLEAD__UPLOADS__{setting} ");
            assert!(told.to_string().lines().any(|line| line.starts_with(&setting)), "{setting}: {told}");
        }
    }
}
