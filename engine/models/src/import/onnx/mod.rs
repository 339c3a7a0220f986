//! stub
use crate::error::ModelError;
use crate::model::Model;
pub(super) fn looks_like(_: &[u8]) -> bool { false }
pub(super) fn read(_: &[u8]) -> Result<Model, ModelError> { Err(ModelError::TooLarge(String::new())) }
