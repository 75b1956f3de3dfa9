//! The first page: what there is, and how to call it.

use crate::{contract::Contract, markdown::table};

const HOW: &str = r"
## How to call

- **gRPC** with any client: reflection (v1 and v1alpha) tells the contract where it is switched on, and
  [proto/](../../proto) is it. [examples/python](../../examples/python) generates a client for another language.
- **JSON over HTTP/1.1** and **gRPC-Web** at the edge: field names in lowerCamelCase, times as RFC 3339, `int64` as
  strings, bytes as base64. What the path does not name is in the body, or in the query where there is none.
- **Who calls**: `authorization: Bearer <session token>`, or a cookie at the edge. A service of the suite shows a credential
  of its own, in `fairlead-service`. Credentials are checked before the request is read.
- **How long**: a call ends in DEADLINE_EXCEEDED after the time that its method gives it, or the shorter one of
  `grpc-timeout`; its message may be as long as the method says.
- **Errors**: each carries one `google.rpc.ErrorInfo` with a stable reason. [They are listed](errors.md), each with what to
  do. Decide by the reason, or by the code, and never by the message.
- **Sent again**: UNAVAILABLE and RESOURCE_EXHAUSTED come with a `google.rpc.RetryInfo` where waiting helps. Whether a call
  that was not answered may be sent again stands with each method.
- **Changed at the same time**: an `etag` that was read and is sent back makes a change happen only to what was seen.
- **Pages**: `page_size` and `page_token`; a list is over when `next_page_token` is empty, and not before.
- **Ids** are UUIDs. What is not the caller's own is NOT_FOUND, as if it were not there.
";

pub(crate) fn page(contract: &Contract) -> String {
    let mut page = String::from(
        "<!-- Written by make docs. -->\n# The API\n\nWhat clients of any language call. These pages are written from the \
         contract (`proto/`), the policy that\nservices enforce and the errors that they answer; a test keeps them true.\n\n",
    );
    page.push_str(&table(
        &["page", "what it keeps"],
        contract.services().map(|service| {
            let name = service.short();
            vec![format!("[{name}]({name}.md)"), service.purpose()]
        }),
    ));
    page + "| [errors](errors.md) | every reason to refuse a call, and what to do |\n" + HOW
}
