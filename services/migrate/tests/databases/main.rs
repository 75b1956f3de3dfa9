//! Migrations on real databases.

mod binary;
mod contract;
mod postgres;
mod scripts;
mod sqlite;
