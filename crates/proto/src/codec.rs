//! How messages become bytes and bytes become messages.

use prost::Message;
use tonic::{
    Code, Status,
    codec::{BufferSettings, DecodeBuf, Decoder},
};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt};

/// What tonic-prost puts before prost's own words.
const PREFIX: &str = "failed to decode Protobuf message: ";

/// tonic-prost's codec, but a message that cannot be read is the sender's fault: INVALID_ARGUMENT with the path of the
/// field, where tonic-prost says INTERNAL.
pub struct Codec<T, U>(ProstCodec<T, U>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(ProstCodec::new())
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = StrictDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        self.0.encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        StrictDecoder(self.0.decoder())
    }
}

/// The reading half of [`Codec`].
pub struct StrictDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for StrictDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        self.0.decode(buffer).map_err(|status| match status.code() {
            Code::Internal => unreadable(status.message()),
            _ => status,
        })
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// prost describes an error as `Inner.field: Outer.field: what is wrong`.
fn unreadable(description: &str) -> Status {
    let description = description.strip_prefix(PREFIX).unwrap_or(description);
    let mut parts: Vec<&str> = description.split(": ").collect();
    let wrong = parts.pop().unwrap_or_default();
    let mut path: Vec<&str> =
        parts.iter().map_while(|part| part.split_once('.')).map(|(_message, field)| field).collect();
    path.reverse();
    let field = path.join(".");

    let mut details =
        ErrorDetails::with_error_info("MALFORMED_MESSAGE", "fairlead.dev", [("field".into(), field.clone())]);
    details.add_bad_request_violation(field, wrong);
    Status::with_error_details(Code::InvalidArgument, "the request message cannot be decoded", details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undecodable_field_is_named_by_its_path() {
        let status = unreadable(
            "failed to decode Protobuf message: Account.email: CreateAccountRequest.account: invalid string value: data is not UTF-8 encoded",
        );

        let violation = status.get_details_bad_request().unwrap().field_violations.remove(0);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(violation.field, "account.email");
        assert_eq!(status.get_details_error_info().unwrap().reason, "MALFORMED_MESSAGE");
    }
}
