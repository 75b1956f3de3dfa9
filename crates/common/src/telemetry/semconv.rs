//! The names of OpenTelemetry's semantic conventions that are used here (RPC, release candidate of 2026-08).

use tonic::Code;

pub(crate) const RPC_SYSTEM: &str = "rpc.system.name";
pub(crate) const GRPC: &str = "grpc";
pub(crate) const RPC_METHOD: &str = "rpc.method";
/// The name that the conventions have given it after 1.44; releases up to then say `rpc.response.status_code`.
pub(crate) const RPC_STATUS: &str = "rpc.status_code";
pub(crate) const ERROR_TYPE: &str = "error.type";
/// What stands for the method of a call to something that is not served: the callers' inventions are not ours to keep.
pub(crate) const OTHER: &str = "_OTHER";

/// The buckets of every duration of a call, in seconds.
pub(crate) const CALL_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The buckets of what is asked of databases, in seconds.
pub(crate) const DB_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The name of a code: `NOT_FOUND`.
pub(crate) const fn status(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Which end of a call is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    /// Whether a call that ended so has failed. To the server only what is its own fault; to the client all but OK.
    pub(crate) const fn failed(self, code: Code) -> bool {
        match self {
            Self::Client => !matches!(code, Code::Ok),
            Self::Server => matches!(
                code,
                Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Unimplemented
                    | Code::Internal
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }
}
