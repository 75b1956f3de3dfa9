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
pub const CONNECTION_WINDOW: u32 = 128 * 1024;
/// What a call's peer may send ahead of its handler, in bytes.
pub const STREAM_WINDOW: u32 = 64 * 1024;
/// What a call's handler may produce ahead of its peer, in bytes.
pub const STREAM_SEND_BUFFER: usize = 64 * 1024;
/// The largest header list of a call, in bytes.
pub const HEADER_LIST: u32 = 16 * 1024;
/// The largest HTTP/2 frame, in bytes.
pub const FRAME: u32 = 16 * 1024;
/// What small writes to a connection are collected in, in bytes.
pub const CORK: usize = 4 * 1024;
/// Calls that may be open on one connection. A client may legally open about 100 before it has seen our settings.
pub const STREAMS: u32 = 128;

/// What a peer has to say before it is taken for one that speaks HTTP/2: the preface and the header of a first frame.
pub const GREETING: usize = 24 + 9;
/// Connections that find no place and are told so, at a time.
pub const REFUSALS: u64 = 2;

/// What goes over the sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/2 as it is.
    #[default]
    Plain,
    /// HTTP/2 within TLS.
    Tls,
}

impl Wire {
    /// A connection that is served: its socket buffers (Linux doubles what is asked for, to cover its own bookkeeping,
    /// and cgroup v2 charges them to the container), a frame in each direction, what the HTTP/2 state machine holds
    /// (16 KiB), the small writes that wait for more, and the session of TLS.
    ///
    /// Its window is not among it: only calls fill it, each of them its own, and [`CALL`] pays for that. What a refused
    /// call has sent is given back when its task first runs.
    #[must_use]
    pub const fn connection(self) -> u64 {
        2 * (SOCKET_RECEIVE_BUFFER as u64 + SOCKET_SEND_BUFFER as u64)
            + 2 * FRAME as u64
            + 16 * KIB
            + CORK as u64
            + self.session()
    }

    /// A session of TLS at its worst: rustls keeps up to 64 KiB that are to be sent (its default limit), a record of
    /// 16 KiB as it came and one as it was decrypted. In a handshake it keeps one message of up to 64 KiB.
    #[must_use]
    pub const fn session(self) -> u64 {
        match self {
            Self::Plain => 0,
            Self::Tls => 96 * KIB,
        }
    }
}

/// A connection whose peer has not greeted: the kernel's structures (4 KiB), one segment that is about to be read, and a
/// task. It has no HTTP/2 state and no window, and what it says beyond a greeting stays unread: so its socket buffers are
/// empty, or it is about to be served or closed.
pub const NEWCOMER: u64 = 8 * KIB;

/// A call: what it received and has not read yet, its send buffer, its headers, its task. What has been read is in the
/// message budget.
pub const CALL: u64 = STREAM_WINDOW as u64 + STREAM_SEND_BUFFER as u64 + HEADER_LIST as u64 + 16 * KIB;
/// A byte of a received message is held twice: as it came, and as it was decoded.
pub const MESSAGE_BYTE: u64 = 2;
