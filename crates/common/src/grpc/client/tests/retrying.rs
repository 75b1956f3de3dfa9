//! What is sent again, shown on a server that misbehaves frame by frame.
