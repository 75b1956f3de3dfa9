//! Changing fields of a boat.

use common::grpc::Violations;
use prost_types::FieldMask;
use proto::boats::v1::{Boat, UpdateBoatRequest};
use tonic::Status;

use super::{finish, optional_etag};
use crate::boat::{BoatId, Change, Etag};

/// What UpdateBoat is asked.
pub(crate) struct Update {
    pub(crate) id: BoatId,
    pub(crate) change: Change,
    pub(crate) expected: Option<Etag>,
}

/// A field that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Title,
}

impl Field {
    const ALL: [Self; 1] = [Self::Title];

    const fn path(self) -> &'static str {
        match self {
            Self::Title => "title",
        }
    }

    fn is_populated(self, boat: &Boat) -> bool {
        match self {
            Self::Title => !boat.title.is_empty(),
        }
    }
}

impl Update {
    pub(crate) fn parse(request: UpdateBoatRequest) -> Result<Self, Status> {
        let UpdateBoatRequest { boat, update_mask } = request;
        let mut violations = Violations::default();
        if boat.is_none() {
            violations.add("boat", "must be given");
        }
        let boat = boat.unwrap_or_default();
        let fields = violations.check("update_mask", masked(update_mask.as_ref(), &boat));
        let change = change(&boat, &fields.unwrap_or_default(), &mut violations);
        let id = violations.check("boat.boat_id", boat.boat_id.parse());
        let expected = violations.check("boat.etag", optional_etag(&boat.etag));
        finish(violations, id.zip(expected).map(|(id, expected)| Self { id, change, expected }))
    }
}

/// The fields that a mask names (AIP-134): without one those that are not empty, `*` for all.
fn masked(mask: Option<&FieldMask>, boat: &Boat) -> Result<Vec<Field>, String> {
    let paths = mask.map_or(&[][..], |mask| &mask.paths);
    match paths {
        [] => Ok(Field::ALL.into_iter().filter(|field| field.is_populated(boat)).collect()),
        [all] if all == "*" => Ok(Field::ALL.to_vec()),
        paths => paths.iter().map(|path| field(path)).collect(),
    }
}

fn field(path: &str) -> Result<Field, String> {
    let known = Field::ALL.map(Field::path).join(", ");
    let field = Field::ALL.into_iter().find(|field| field.path() == path);
    field.ok_or_else(|| format!("must name {known}, or be * alone"))
}

fn change(boat: &Boat, fields: &[Field], violations: &mut Violations) -> Change {
    let mut change = Change::default();
    for field in fields {
        match field {
            Field::Title => change.title = violations.check("boat.title", boat.title.parse()),
        }
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_mask_the_fields_that_are_not_empty_are_changed() {
        let named = Update::parse(request("New", None)).unwrap();
        let nothing = Update::parse(request("", None)).unwrap();

        assert_eq!(named.change.title, Some("New".parse().unwrap()));
        assert_eq!(nothing.change, Change::default());
    }

    #[test]
    fn a_field_that_is_named_must_have_a_value() {
        for paths in [&["title"][..], &["*"]] {
            let status = Update::parse(request("", Some(paths))).err().unwrap();

            assert!(status.message().ends_with(": boat.title"), "{paths:?}: {status:?}");
        }
    }

    #[test]
    fn fields_that_cannot_be_changed_are_refused_by_name_of_the_mask() {
        for paths in [&["etag"][..], &["boat_id"], &["account_id"], &["title", "*"], &[""]] {
            let status = Update::parse(request("New", Some(paths))).err().unwrap();

            assert!(status.message().ends_with(": update_mask"), "{paths:?}: {status:?}");
        }
    }

    fn request(title: &str, paths: Option<&[&str]>) -> UpdateBoatRequest {
        let boat =
            Boat { boat_id: BoatId::new().to_string(), title: title.to_owned(), ..Boat::default() };
        let update_mask =
            paths.map(|paths| FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        UpdateBoatRequest { boat: Some(boat), update_mask }
    }
}
