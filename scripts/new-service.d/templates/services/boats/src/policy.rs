//! Who may call what, and for how long: one row a method.

use common::policy::{Cost, Row, Who};

/// The rules of `fairlead.boats.v1.BoatsService`.
pub static POLICY: &[Row] = &[
    Row::new("CreateBoat", Who::SELF),
    Row { cost: Cost::Low, ..Row::new("GetBoat", Who::SELF) },
    Row::new("ListBoats", Who::SELF),
    Row::new("UpdateBoat", Who::SELF),
    Row::new("DeleteBoat", Who::SELF),
];
