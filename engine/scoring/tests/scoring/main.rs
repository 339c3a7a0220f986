//! The plugin host against compiled models, broken workspaces and hostile components.

mod agreement;
mod cache;
mod challenger;
mod child;
mod corpus;
mod guest;
mod host;
mod hostile;
mod quick;
mod refusals;
mod shapes;
mod workspace;
