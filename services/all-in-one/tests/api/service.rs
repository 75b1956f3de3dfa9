//! The page of one service: its methods, then the messages that they share.

use std::collections::BTreeMap;

use common::policy::Row;
use protox::prost_reflect::{
    EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor, Value,
};

use crate::{
    contract::{comment, option, short},
    markdown::{anchor, cell, prose, table},
    method,
};

/// A service and its policy.
pub(crate) struct Service {
    pub(crate) descriptor: ServiceDescriptor,
    pub(crate) policy: &'static [Row],
}

impl Service {
    pub(crate) fn short(&self) -> String {
        short(&self.descriptor)
    }

    /// The first sentence of what the service is for.
    pub(crate) fn purpose(&self) -> String {
        let file = self.descriptor.parent_file();
        // The comment above `syntax`.
        prose(&comment(&file, &[12])).replace('\n', " ")
    }

    pub(crate) fn row(&self, method: &str) -> &'static Row {
        self.policy
            .iter()
            .find(|row| row.method == method)
            .unwrap_or_else(|| panic!("{method} has no policy row"))
    }

    pub(crate) fn page(&self) -> String {
        let file = self.descriptor.parent_file();
        let name = self.short();
        let mut page = format!(
            "<!-- Written by make docs, from the contract and the policy. -->\n# {name}\n\n{}\n\n`{}`, in \
             [{name}.proto](../../proto/{}). [What errors mean](errors.md), [how to call](README.md).\n\n{}\n\n",
            self.purpose(),
            self.descriptor.full_name(),
            file.name(),
            prose(&comment(&file, self.descriptor.path())),
        );
        page.push_str(&table(
            &["method", "who may call", "HTTP, at the edge"],
            self.descriptor.methods().map(|it| {
                let link = format!("[{}]({})", it.name(), anchor(it.name()));
                vec![link, method::who(self.row(it.name())), method::routes(&it).join("<br>")]
            }),
        ));
        for method in self.descriptor.methods() {
            page.push_str(&method::section(&method, self.row(method.name())));
        }
        page.push_str("\n## Messages\n");
        for message in shared(&self.descriptor).values() {
            page.push_str(&described(message));
        }
        page
    }
}

/// What fields of the methods' messages are made of, by name.
fn shared(service: &ServiceDescriptor) -> BTreeMap<String, MessageDescriptor> {
    let mut found = BTreeMap::new();
    let mut next: Vec<MessageDescriptor> =
        service.methods().flat_map(|method| [method.input(), method.output()]).collect();
    while let Some(message) = next.pop() {
        for field in message.fields() {
            let Kind::Message(inner) = field.kind() else { continue };
            if inner.package_name().starts_with("fairlead.")
                && found.insert(inner.name().to_owned(), inner.clone()).is_none()
            {
                next.push(inner);
            }
        }
    }
    found
}

fn described(message: &MessageDescriptor) -> String {
    let file = message.parent_file();
    let mut text = format!("\n### {}\n\n{}\n\n", message.name(), prose(&comment(&file, message.path())));
    text.push_str(&fields(message));
    for each in message.child_enums() {
        text.push_str(&values(&each));
    }
    text
}

fn values(each: &EnumDescriptor) -> String {
    let file = each.parent_file();
    let heading = format!("\n#### {}\n\n{}\n\n", each.name(), prose(&comment(&file, each.path())));
    let rows =
        each.values().map(|value| vec![format!("`{}`", value.name()), cell(&comment(&file, value.path()))]);
    heading + &table(&["value", "what it means"], rows)
}

/// The fields of a message as a table; a word where there are none.
pub(crate) fn fields(message: &MessageDescriptor) -> String {
    if message.fields().len() == 0 {
        return "Without fields.\n".to_owned();
    }
    let file = message.parent_file();
    table(
        &["field", "type", "", "what it is"],
        message.fields().map(|field| {
            let text = cell(&comment(&file, field.path()));
            vec![format!("`{}`", field.name()), kind(&field), behaviour(&field), text]
        }),
    )
}

fn kind(field: &FieldDescriptor) -> String {
    let one = match field.kind() {
        Kind::Message(message) if message.package_name().starts_with("fairlead.") => {
            format!("[{}]({})", message.name(), anchor(message.name()))
        }
        Kind::Enum(each) => format!("[{}]({})", each.name(), anchor(each.name())),
        Kind::Message(message) => message.name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    if field.is_list() { format!("list of {one}") } else { one }
}

/// What google.api.field_behavior says of a field, and whether it excludes another one.
fn behaviour(field: &FieldDescriptor) -> String {
    let mut words = Vec::new();
    let pool = field.parent_pool();
    if let Some(Value::List(behaviours)) = option(&field.options(), pool, "google.api.field_behavior") {
        for behaviour in behaviours {
            words.push(match behaviour.as_enum_number() {
                Some(2) => "required",
                Some(3) => "answered only",
                Some(4) => "never answered",
                Some(8) => "identifies",
                // OPTIONAL is what a field is anyway.
                _ => continue,
            });
        }
    }
    if field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic()) {
        words.push("or another one");
    }
    words.join(", ")
}
