//! Which calls are traced.

use super::super::context;
use crate::config::Problems;

const NAME: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

/// The standard samplers, as two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sampler {
    /// The part of the calls that is traced where nobody else has decided: 0 to 1.
    ratio: f64,
    /// Whether a trusted caller's decision is followed.
    follows: bool,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { ratio: 1.0, follows: true }
    }
}

impl Sampler {
    /// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name; by default a trusted caller decides,
    /// and without one every call is traced.
    pub(crate) fn read(given: &dyn Fn(&str) -> Option<String>, problems: &mut Problems) -> Self {
        Self::named(given(NAME).as_deref(), given(ARGUMENT).as_deref(), problems)
    }

    fn named(name: Option<&str>, argument: Option<&str>, problems: &mut Problems) -> Self {
        let name = name.unwrap_or("parentbased_always_on");
        let (follows, root) = name.strip_prefix("parentbased_").map_or((false, name), |root| (true, root));
        let ratio = match (root, argument) {
            ("always_on", _) | ("traceidratio", None) => 1.0,
            ("always_off", _) => 0.0,
            ("traceidratio", Some(text)) => {
                let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
                ratio.unwrap_or_else(|| {
                    problems.add_raw(ARGUMENT, format!("found {text:?}; a ratio from 0 to 1"));
                    0.0
                })
            }
            _ => {
                let accepted = "always_on, always_off, traceidratio, each also with parentbased_ before it";
                problems.add_raw(NAME, format!("found {name:?}; {accepted}"));
                0.0
            }
        };
        Self { ratio, follows }
    }

    /// Decides, given what a trusted caller has decided.
    pub(super) fn sample(self, caller: Option<bool>) -> bool {
        match caller {
            Some(decided) if self.follows => decided,
            // Not by the trace id: outside callers choose it, and would choose to be traced.
            _ => self.ratio >= 1.0 || self.ratio > 0.0 && context::chance() < self.ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(name: &str, argument: Option<&str>) -> Sampler {
        let mut problems = Problems::default();
        let sampler = Sampler::named(Some(name), argument, &mut problems);
        assert!(problems.is_empty(), "{problems}");
        sampler
    }

    #[test]
    fn a_trusted_caller_decides_for_a_sampler_that_follows_it() {
        for (name, alone) in [("parentbased_always_on", true), ("parentbased_always_off", false)] {
            let sampler = sampler(name, None);

            assert_eq!(
                [Some(true), Some(false), None].map(|caller| sampler.sample(caller)),
                [true, false, alone],
                "{name}"
            );
        }
        assert!(!sampler("always_off", None).sample(Some(true)));
        assert!(sampler("always_on", None).sample(Some(false)));
        assert_eq!(Sampler::named(None, None, &mut Problems::default()), Sampler::default());
        assert_eq!(sampler("parentbased_always_on", None), Sampler::default());
    }

    #[test]
    fn a_ratio_is_kept() {
        let sampler = sampler("parentbased_traceidratio", Some("0.25"));

        let sampled = (0..10_000).filter(|_| sampler.sample(None)).count();

        assert!((2_200..2_800).contains(&sampled), "{sampled}");
    }

    #[test]
    fn what_is_no_sampler_is_refused_by_its_variable() {
        for (name, argument, variable) in [
            ("jaeger_remote", None, "OTEL_TRACES_SAMPLER "),
            ("traceidratio", Some("2"), "OTEL_TRACES_SAMPLER_ARG "),
            ("traceidratio", Some("half"), "OTEL_TRACES_SAMPLER_ARG "),
        ] {
            let mut problems = Problems::default();

            Sampler::named(Some(name), argument, &mut problems);

            let wrong = problems.to_string();
            assert!(wrong.contains(variable), "{wrong}");
        }
    }
}
