//! The methods that may be sent again without knowing what became of the first, as the contract marks them.

use std::collections::HashSet;

use prost::Message;
use prost_types::{FileDescriptorSet, MethodOptions, method_options::IdempotencyLevel};

/// Request paths of the methods whose `idempotency_level` says that calling twice is like calling once.
#[derive(Debug, Default)]
pub(super) struct Idempotent(HashSet<String>);

impl Idempotent {
    /// Reads the marks in an encoded `FileDescriptorSet`. What cannot be read marks nothing.
    pub(super) fn described_by(descriptors: &[u8]) -> Self {
        let mut paths = HashSet::new();
        for file in FileDescriptorSet::decode(descriptors).unwrap_or_default().file {
            for service in &file.service {
                for method in &service.method {
                    let level = method.options.as_ref().map(MethodOptions::idempotency_level);
                    if level.is_some_and(|level| level != IdempotencyLevel::IdempotencyUnknown) {
                        paths.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
                    }
                }
            }
        }
        Self(paths)
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.0.contains(path)
    }
}

#[cfg(test)]
impl FromIterator<&'static str> for Idempotent {
    fn from_iter<I: IntoIterator<Item = &'static str>>(paths: I) -> Self {
        Self(paths.into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

    use super::*;

    fn method(name: &str, level: Option<IdempotencyLevel>) -> MethodDescriptorProto {
        let options = MethodOptions { idempotency_level: level.map(Into::into), ..MethodOptions::default() };
        MethodDescriptorProto { name: Some(name.to_owned()), options: Some(options), ..Default::default() }
    }

    #[test]
    fn only_what_the_contract_marks_may_be_sent_again() {
        let service = ServiceDescriptorProto {
            name: Some("S".to_owned()),
            method: vec![
                method("Get", Some(IdempotencyLevel::NoSideEffects)),
                method("Put", Some(IdempotencyLevel::Idempotent)),
                method("Say", Some(IdempotencyLevel::IdempotencyUnknown)),
                method("Post", None),
            ],
            ..Default::default()
        };
        let file = FileDescriptorProto {
            package: Some("p".to_owned()),
            service: vec![service],
            ..Default::default()
        };
        let descriptors = FileDescriptorSet { file: vec![file] }.encode_to_vec();

        let idempotent = Idempotent::described_by(&descriptors);

        let marked = ["/p.S/Get", "/p.S/Put", "/p.S/Say", "/p.S/Post"].map(|path| idempotent.contains(path));
        assert_eq!(marked, [true, true, false, false]);
    }
}
