//! What the frame's own reasons mean, and after an empty line what a caller does. Which there are, and with which code, is
//! read from the sources.

pub(crate) const FRAME: [(&str, &str); 23] = [
    (
        "COMPRESSION_UNSUPPORTED",
        "A request message is compressed.\n\nSend it as it is. Answers may be compressed.",
    ),
    (
        "CREDENTIALS_MALFORMED",
        "Credentials are there, and cannot be read.\n\nSend `authorization: Bearer <session token>`, once.",
    ),
    (
        "CREDENTIALS_MISSING",
        "The method is not for everybody, and nobody says who calls.\n\nSign in, and send the session token. What is for services of the suite is for no person.",
    ),
    (
        "DEADLINE_EXCEEDED",
        "The call took longer than it may.\n\nWhat it was to do may have been done: look, or send it again where its method says so.",
    ),
    (
        "EDGE_MISCONFIGURED",
        "The edge asks about a request in a way that cannot be answered.\n\nNothing, as a client: it is seen as 503. The operator finds the reason in the log of sessions.",
    ),
    ("INTERNAL", "A mistake of the server. It has been logged.\n\nReport it, with the trace id."),
    (
        "INVALID_FIELDS",
        "Fields of the request cannot be accepted; each is named.\n\nCorrect them; the same request stays refused.",
    ),
    ("INVALID_TIMEOUT", "`grpc-timeout` cannot be read.\n\nCorrect it; any gRPC library does."),
    (
        "MALFORMED_MESSAGE",
        "The message is not one of the contract's.\n\nCorrect it; another version of the contract may be in use.",
    ),
    (
        "MEMORY_PRESSURE",
        "The process is short of memory, and serves only cheaper calls.\n\nSend it again later.",
    ),
    (
        "MESSAGE_MEMORY",
        "So many long messages are under way that there is no memory for this one.\n\nSend it again later.",
    ),
    ("MESSAGE_TOO_LARGE", "The message is longer than its method takes.\n\nSend less in one message."),
    ("METHOD_UNKNOWN", "No such method is served here.\n\nCompare the contract with the server's version."),
    ("OVERLOADED", "Too many calls are in flight.\n\nSend it again later."),
    ("PEER_UNAVAILABLE", "A service that this one needs cannot be reached.\n\nSend it again later."),
    (
        "PERMISSION_DENIED",
        "The method is not for whoever calls: it may be for admins only, or for services of the suite.\n\nNothing: another time is no different.",
    ),
    (
        "SERVICE_CREDENTIAL_INVALID",
        "A service of the suite calls with a credential that is not valid.\n\nNothing, as a person: leave `fairlead-service` out. Operators compare keys and clocks.",
    ),
    (
        "SERVICE_UNKNOWN",
        "Health was asked of a service that is not served here.\n\nAsk with a name that is, or with none.",
    ),
    (
        "SESSIONS_UNAVAILABLE",
        "It cannot be found out who calls. Nobody is signed out by that.\n\nKeep the token, and send the call again later.",
    ),
    (
        "SESSION_INVALID",
        "The session token proves no session: it has ended, or never was.\n\nRefresh the session, or sign in again.",
    ),
    ("SHUTTING_DOWN", "This replica is about to end.\n\nSend it again: another one answers."),
    ("STARTING", "The process cannot serve yet.\n\nSend it again later."),
    (
        "TOO_MANY_CONNECTIONS",
        "There is no place for another connection.\n\nUse one connection for many calls, and come again later.",
    ),
];
