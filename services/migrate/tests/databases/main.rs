//! Migrations on real databases.

mod contract;
mod postgres;
mod scripts;
mod sqlite;
