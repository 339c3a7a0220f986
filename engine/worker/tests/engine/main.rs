//! The engine on a real database, with small workflows made by hand: identity, accounts, the gate, migrations, ticks.

mod accounts;
mod bed;
mod cached;
mod crashes;
mod exchange;
mod gate;
mod identity;
mod migrate;
mod retention;
mod ticks;
