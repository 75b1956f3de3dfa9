//! The contract with its comments, which the programs do not carry.

use std::path::Path;

use all_in_one::parts::PARTS;
use protox::{
    Compiler,
    prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, ServiceDescriptor},
};

use crate::service::Service;

/// The compiled contract.
pub(crate) struct Contract(DescriptorPool);

impl Contract {
    pub(crate) fn read(root: &Path) -> Self {
        let mut compiler = Compiler::new([root.join("proto"), root.join("third_party/proto")]).unwrap();
        compiler.include_source_info(true).include_imports(true);
        for part in PARTS {
            let name = part.name;
            compiler.open_file(format!("fairlead/{name}/v1/{name}.proto")).unwrap();
        }
        Self(compiler.descriptor_pool())
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = Service> {
        let suite = self.0.services().filter(|service| service.package_name().starts_with("fairlead."));
        suite.map(|descriptor| {
            let name = short(&descriptor);
            let part = PARTS.iter().find(|part| part.name == name);
            let policy = part.unwrap_or_else(|| panic!("{name} is no part of the all-in-one")).policy;
            Service { descriptor, policy }
        })
    }
}

/// `accounts` of `fairlead.accounts.v1`.
pub(crate) fn short(service: &ServiceDescriptor) -> String {
    service.package_name().split('.').nth(1).unwrap().to_owned()
}

/// What is written above something, found by its path in the file.
pub(crate) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let source = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
    let place = source.location.iter().find(|location| location.path == path);
    let text = place.and_then(|location| location.leading_comments.as_deref()).unwrap_or_default();
    text.lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// An option that google.api defines, where it is set.
pub(crate) fn option(options: &DynamicMessage, pool: &DescriptorPool, name: &str) -> Option<DynamicValue> {
    let extension = pool.get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

pub(crate) type DynamicValue = protox::prost_reflect::Value;
