//! Outputs that keep up, block, fail and close.

use std::io::{Read, pipe};

use super::*;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn lines_arrive_in_order() {
    let (mut reader, writer) = pipe().unwrap();
    let queue = Queue::start(writer, CAPACITY).unwrap();

    for number in 0..100 {
        queue.push(format!("line {number}\n").as_bytes());
    }

    assert!(queue.flush(SOON));
    let mut text = vec![0; 10 * 7 + 90 * 8];
    reader.read_exact(&mut text).unwrap();
    assert!(text.starts_with(b"line 0\nline 1\n") && text.ends_with(b"line 99\n"));
    assert_eq!(queue.dropped(), 0);
}

#[test]
fn a_blocked_output_costs_the_newest_lines_and_never_the_caller_s_time() {
    let (mut reader, writer) = pipe().unwrap();
    let queue = Queue::start(writer, 4096).unwrap();
    let line = [vec![b'x'; 1023], vec![b'\n']].concat();
    let mut kept = 1;
    queue.push(&line);
    while queue.flush(Duration::from_millis(50)) {
        queue.push(&line);
        kept += 1;
    }

    // The pipe is full and the thread stuck; there is room for four lines in the queue.
    let began = Instant::now();
    for _ in 0..10_000 {
        queue.push(&line);
    }
    let took = began.elapsed();

    assert_eq!(queue.dropped(), 10_000 - 4);
    assert!(took < Duration::from_secs(1), "took {took:?}");

    reader.read_exact(&mut vec![0; (kept + 4) * line.len()]).unwrap();
    assert!(queue.flush(SOON));
    queue.push(b"after\n");
    let mut after = [0; 6];
    reader.read_exact(&mut after).unwrap();
    assert_eq!(&after, b"after\n");
}

#[test]
fn an_output_that_fails_loses_its_lines_and_is_not_tried_without_need() {
    struct Full(u32);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 < 3 { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let queue = Queue::start(Full(0), CAPACITY).unwrap();

    for _ in 0..3 {
        queue.push(b"a line\n");
        assert!(queue.flush(SOON));
    }

    assert_eq!(queue.dropped(), 2);
}

#[test]
fn a_closed_output_ends_the_writing_and_nothing_else() {
    let (reader, writer) = pipe().unwrap();
    let queue = Queue::start(writer, CAPACITY).unwrap();
    drop(reader);

    queue.push(b"into the void\n");
    assert!(queue.flush(SOON));
    queue.push(b"and another\n");

    assert_eq!(queue.dropped(), 2);
    assert!(queue.flush(SOON));
}
