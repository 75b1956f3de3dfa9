//! Messages with something in every field, made from the descriptors.

use std::collections::BTreeMap;

use prost::{
    Message,
    encoding::{WireType, encode_key, encode_varint},
};
use prost_types::{
    DescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// Deep enough for every message of the suite.
const DEPTH: u8 = 4;

/// Every method of the suite with a request that has a text of the planter's choice in every field that takes one.
pub(crate) fn requests(mut plant: impl FnMut(&str) -> String) -> BTreeMap<String, Vec<u8>> {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let messages: BTreeMap<String, &DescriptorProto> = set
        .file
        .iter()
        .flat_map(|file| {
            let package = file.package();
            file.message_type.iter().map(move |message| (format!(".{package}.{}", message.name()), message))
        })
        .collect();
    let mut requests = BTreeMap::new();
    for file in set.file.iter().filter(|file| file.package().starts_with("fairlead.")) {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let mut bytes = Vec::new();
                fill(messages[method.input_type()], &messages, DEPTH, &mut plant, &mut bytes);
                requests.insert(path, bytes);
            }
        }
    }
    requests
}

fn fill(
    message: &DescriptorProto,
    messages: &BTreeMap<String, &DescriptorProto>,
    depth: u8,
    plant: &mut impl FnMut(&str) -> String,
    bytes: &mut Vec<u8>,
) {
    for field in &message.field {
        let number = field.number().unsigned_abs();
        let value = match field.r#type() {
            Type::String | Type::Bytes => plant(field.name()).into_bytes(),
            Type::Message if depth > 0 => {
                let mut inner = Vec::new();
                fill(messages[field.type_name()], messages, depth - 1, plant, &mut inner);
                inner
            }
            Type::Bool | Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Enum => {
                assert_ne!(field.label(), Label::Repeated, "packed numbers are not written here");
                encode_key(number, WireType::Varint, bytes);
                encode_varint(1, bytes);
                continue;
            }
            Type::Fixed32 => {
                encode_key(number, WireType::ThirtyTwoBit, bytes);
                bytes.extend(1_u32.to_le_bytes());
                continue;
            }
            other => panic!("{}: {other:?} is not written here", field.name()),
        };
        encode_key(number, WireType::LengthDelimited, bytes);
        encode_varint(value.len() as u64, bytes);
        bytes.extend(value);
    }
}
