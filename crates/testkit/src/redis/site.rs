//! On which machine a server is.

use std::net::Ipv4Addr;

use crate::Machine;

/// A machine, and its address as all servers of a set know it.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) address: Ipv4Addr,
    /// None is this one.
    machine: Option<&'a Machine>,
}

impl<'a> Site<'a> {
    /// This machine, for servers that are all here.
    pub(super) const HERE: Self = Self { address: Ipv4Addr::LOCALHOST, machine: None };

    /// This machine, as the other one knows it.
    pub(super) fn beside(machine: &Machine) -> Self {
        Self { address: machine.beside(), machine: None }
    }

    /// The other one.
    pub(super) fn at(machine: &'a Machine) -> Self {
        Self { address: machine.address(), machine: Some(machine) }
    }

    /// Shell words before a program that is to run there.
    pub(super) fn door(&self) -> String {
        self.machine.map(|machine| format!("nsenter {} ", machine.door())).unwrap_or_default()
    }
}
