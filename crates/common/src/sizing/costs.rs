//! What things cost in memory at their worst. The accept loop sets its buffers and windows from here, so that the plan
//! and the sockets cannot disagree.

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Code, runtime, telemetry, the admin port, one idle client of each store. An estimate with room: a minimal service of
/// this suite was measured at less than half of it.
pub const BASELINE: u64 = 16 * MIB;
/// A thread: the pages of its stack that it touches, and its arena in the allocator.
pub const THREAD: u64 = 128 * KIB;

/// The receive buffer asked of the kernel for each connection, in bytes.
pub const SOCKET_RECEIVE_BUFFER: usize = 64 * 1024;
/// The send buffer asked of the kernel for each connection, in bytes.
pub const SOCKET_SEND_BUFFER: usize = 64 * 1024;
/// What one connection's peer may send ahead of all the handlers together, in bytes.
pub const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What a call's peer may send ahead of its handler, in bytes.
pub const STREAM_WINDOW: u32 = 64 * 1024;
/// What a call's handler may produce ahead of its peer, in bytes.
pub const STREAM_SEND_BUFFER: usize = 64 * 1024;
/// The largest header list of a call, in bytes.
pub const HEADER_LIST: u32 = 16 * 1024;
/// The largest HTTP/2 frame, in bytes.
pub const FRAME: u32 = 16 * 1024;
/// Calls that may be open on one connection. A client may legally open about 100 before it has seen our settings.
pub const STREAMS: u32 = 128;

/// A connection: its socket buffers (Linux doubles what is asked for, to cover its own bookkeeping, and cgroup v2
/// charges them to the container), its window, a frame in each direction, and what the HTTP/2 state machine holds.
pub const CONNECTION: u64 = 2 * (SOCKET_RECEIVE_BUFFER as u64 + SOCKET_SEND_BUFFER as u64)
    + CONNECTION_WINDOW as u64
    + 2 * FRAME as u64;
/// A call: its send buffer, its headers, its task. What it receives is in the connection's window, then in the message
/// budget.
pub const CALL: u64 = STREAM_SEND_BUFFER as u64 + HEADER_LIST as u64 + 16 * KIB;
/// A byte of a received message is held twice: as it came, and as it was decoded.
pub const MESSAGE_BYTE: u64 = 2;
