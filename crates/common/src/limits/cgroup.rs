//! Finds the control groups that a process lives under.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which of the two generations a group belongs to; they name their files differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// The directories of a process's group and of those above it, as far as they can be seen from here.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) version: Version,
    /// The process's own first. Each is beneath the root that was given.
    pub(super) directories: Vec<PathBuf>,
}

/// The groups that govern `controller` (`cpu`, `cpuset`, `memory`).
///
/// A controller belongs to one generation only: in the hybrid layout those that have a v1 hierarchy are absent from
/// the unified one, so v1 is asked first.
pub(super) fn groups(root: &Path, controller: &str) -> Option<Groups> {
    let memberships = text(root, "/proc/self/cgroup")?;
    let mounts = text(root, "/proc/self/mountinfo")?;
    let v1 = memberships.lines().find_map(|line| path_of(line, |name| name == controller));
    let (version, path) = match v1 {
        Some(path) => (Version::V1, path),
        None => (Version::V2, memberships.lines().find_map(|line| line.strip_prefix("0::"))?),
    };
    let belongs = |mount: &Mount<'_>| match version {
        Version::V1 => mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller),
        Version::V2 => mount.kind == "cgroup2",
    };
    let mount = mounts
        .lines()
        .filter_map(Mount::parse)
        .filter(belongs)
        // The same hierarchy may be mounted twice; the mount that shows most of the way is the one to follow.
        .max_by_key(|mount| (Path::new(path).starts_with(&mount.root), mount.root.len()))?;
    // A path that is not beneath the mount's root was written for another namespace: the mount itself is the group.
    let below = Path::new(path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
    let top = beneath(root, &mount.point);
    let own = top.join(below);
    let directories: Vec<PathBuf> =
        own.ancestors().take_while(|directory| directory.starts_with(&top)).map(Path::to_owned).collect();
    Some(Groups { version, directories })
}

/// The path in a line of `/proc/self/cgroup`, `4:cpu,cpuacct:/path`, if one of its controllers is wanted.
fn path_of(line: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    let mut parts = line.splitn(3, ':');
    let (_id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    controllers.split(',').any(wanted).then_some(path)
}

/// One line of `/proc/self/mountinfo`.
struct Mount<'a> {
    /// Which part of the hierarchy is mounted.
    root: String,
    /// Where it is mounted.
    point: String,
    kind: &'a str,
    /// For v1: its controllers, among others.
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        let mut filesystem = filesystem.split(' ');
        let (kind, _source, options) = (filesystem.next()?, filesystem.next()?, filesystem.next()?);
        Some(Self { root: unescape(root), point: unescape(point), kind, options })
    }
}

/// The kernel writes blanks and backslashes in paths as three octal digits.
fn unescape(path: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(path.to_owned(), |path, (octal, plain)| path.replace(octal, plain))
}

/// An absolute path as seen beneath another root.
pub(super) fn beneath(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// A file, if it is there.
pub(super) fn text(root: &Path, path: &str) -> Option<String> {
    fs::read_to_string(beneath(root, path)).ok()
}

/// A file of a group, without the newline at its end, if it is there.
pub(super) fn value(group: &Path, file: &str) -> Option<String> {
    fs::read_to_string(group.join(file)).ok().map(|text| text.trim().to_owned())
}

/// How a file of a group is named in a source text: as the process itself sees it.
pub(super) fn shown(root: &Path, group: &Path, file: &str) -> String {
    let path = group.join(file);
    let path = path.strip_prefix(root).unwrap_or(&path);
    format!("/{}", path.display())
}
