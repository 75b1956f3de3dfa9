//! What sessions hears of accounts, whenever accounts is killed and whatever else is under way.

mod change;
mod frames;
mod house;
mod lag;
mod order;
mod sign_in;
mod steps;
mod wires;
