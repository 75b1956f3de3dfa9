//! Everything that is wrong with a request, told in one go.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::status::DOMAIN;

/// Collects what is wrong with the fields of a request; at the end it is nothing or one INVALID_ARGUMENT.
#[derive(Debug, Default)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// Adds what is wrong with a field, named by its path in the request: `account.email`.
    pub fn add(&mut self, field: impl Into<String>, wrong: impl Into<String>) {
        self.0.push((field.into(), wrong.into()));
    }

    /// Keeps the value of a field that parsed, or what is wrong with it.
    pub fn check<T, E: ToString>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|wrong| self.add(field, wrong.to_string())).ok()
    }

    /// Ends the collecting.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with a BadRequest that names every field, when anything was added.
    pub fn finish(self) -> Result<(), Status> {
        let Some((first, _)) = self.0.first() else {
            return Ok(());
        };
        let mut details =
            ErrorDetails::with_error_info("INVALID_FIELDS", DOMAIN, [("field".to_owned(), first.clone())]);
        let named: Vec<&str> = self.0.iter().map(|(field, _)| &**field).collect();
        let message = format!("the request has fields that cannot be accepted: {}", named.join(", "));
        for (field, wrong) in self.0 {
            details.add_bad_request_violation(field, wrong);
        }
        Err(Status::with_error_details(Code::InvalidArgument, message, details))
    }
}
