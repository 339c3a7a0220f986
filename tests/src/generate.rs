//! A made-up shop for the simulate benchmark: its workspace, its scoring model and its events. The same shape gives the
//! same bytes. Nothing is measured here.

mod events;
mod model;
mod rng;
mod workspace;

pub use events::{Written, write_events};
pub use model::model;
pub use rng::Rng;
pub use workspace::{MATCHING, write_workspace};

/// How large a made-up shop is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Contacts; each is introduced before the first event of the shop.
    pub contacts: u64,
    /// Events of the shop, spread evenly over the contacts by chance.
    pub events: u64,
    /// Hours between two events of one contact, on average.
    pub hours_between: f64,
    /// Where chance starts.
    pub seed: u64,
}

impl Shape {
    /// A shop of 10,000 contacts with a hundred events each over two months: the shape of issue 3.
    pub const MAIN: Shape = Shape { contacts: 10_000, events: 1_000_000, hours_between: 14.4, seed: 3 };

    /// Lines that introduce the contacts: fields and consent of each.
    pub fn introductions(&self) -> u64 {
        2 * self.contacts
    }
}

#[cfg(test)]
mod tests;
