//! The scoring worlds as their WIT declares them: sizes and offsets of its types, and the wrapping into a component.

use super::{WIT, failed};
use crate::error::ModelError;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Function, InterfaceId, ManglingAndAbi, Resolve, SizeAlign, Type, TypeDefKind, WasmExport, WasmExportKind, WorldId,
    WorldItem, WorldKey,
};

/// A parsed world.
pub struct Contract {
    pub resolve: Resolve,
    pub sizes: SizeAlign,
    world: WorldId,
    /// What it exports; the types of the contract are those of the first.
    interfaces: Vec<(WorldKey, InterfaceId)>,
}

/// A field of a record: where it starts, in bytes, and its type.
#[derive(Clone, Copy)]
pub struct Field {
    pub offset: u64,
    pub ty: Type,
}

impl Contract {
    /// Parses the WIT that this crate carries and picks one of its worlds.
    pub fn load(world: &str) -> Result<Contract, ModelError> {
        let mut resolve = Resolve::new();
        let package = resolve.push_source("scoring.wit", WIT).map_err(failed)?;
        let world = resolve.select_world(&[package], Some(world)).map_err(failed)?;
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve);
        let exported = resolve.worlds[world].exports.iter().filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((key.clone(), *id)),
            _ => None,
        });
        let interfaces = exported.collect();
        Ok(Contract { resolve, sizes, world, interfaces })
    }

    /// A type of the contract by name.
    pub fn ty(&self, name: &str) -> Result<Type, ModelError> {
        let found = self.interfaces.first().and_then(|(_, id)| self.resolve.interfaces[*id].types.get(name));
        found.map(|id| Type::Id(*id)).ok_or_else(|| failed(format_args!("the contract has no type `{name}`")))
    }

    /// The type that a function returns.
    pub fn result_of(&self, function: &str) -> Result<Type, ModelError> {
        self.function(function)?.1.result.ok_or_else(|| failed(format_args!("`{function}` returns nothing")))
    }

    /// Bytes of a type in linear memory.
    pub fn size(&self, ty: &Type) -> u64 {
        self.sizes.size(ty).size_wasm32() as u64
    }

    /// Alignment of a type in linear memory.
    pub fn align(&self, ty: &Type) -> u64 {
        self.sizes.align(ty).align_wasm32() as u64
    }

    /// A field of a record.
    pub fn field(&self, record: &Type, name: &str) -> Result<Field, ModelError> {
        let missing = || failed(format_args!("the contract has no field `{name}`"));
        let TypeDefKind::Record(record) = self.kind(record)? else { return Err(missing()) };
        let index = record.fields.iter().position(|field| field.name == name).ok_or_else(missing)?;
        let offsets = self.sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
        let (offset, ty) = offsets.get(index).ok_or_else(missing)?;
        Ok(Field { offset: offset.size_wasm32() as u64, ty: **ty })
    }

    /// Where the payload of a variant, option or result starts. All of them have a discriminant of one byte here.
    pub fn payload(&self, ty: &Type) -> Result<u64, ModelError> {
        let cases: Vec<Option<Type>> = match self.kind(ty)? {
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.ty).collect(),
            TypeDefKind::Option(some) => vec![None, Some(*some)],
            TypeDefKind::Result(result) => vec![result.ok, result.err],
            _ => return Err(failed("the contract has no variant where one is expected")),
        };
        let offset = self.sizes.payload_offset(wit_parser::Int::U8, cases.iter().map(Option::as_ref));
        Ok(offset.size_wasm32() as u64)
    }

    /// The number of a case of a variant or an enum.
    pub fn case(&self, ty: &Type, name: &str) -> Result<i32, ModelError> {
        let position = match self.kind(ty)? {
            TypeDefKind::Variant(variant) => variant.cases.iter().position(|case| case.name == name),
            TypeDefKind::Enum(of) => of.cases.iter().position(|case| case.name == name),
            _ => None,
        };
        position.map(|n| n as i32).ok_or_else(|| failed(format_args!("the contract has no case `{name}`")))
    }

    /// What a named type is.
    pub fn kind(&self, ty: &Type) -> Result<&TypeDefKind, ModelError> {
        match ty {
            Type::Id(id) => Ok(&self.resolve.types[*id].kind),
            _ => Err(failed("a plain type stands where a named one is expected")),
        }
    }

    /// The core module's name for an exported function, or for what runs after its answer was read.
    pub fn export_name(&self, function: &str, after: bool) -> Result<String, ModelError> {
        let kind = if after { WasmExportKind::PostReturn } else { WasmExportKind::Normal };
        let (interface, func) = self.function(function)?;
        let export = WasmExport::Func { interface: Some(interface), func, kind };
        Ok(self.resolve.wasm_export_name(Self::MANGLING, export))
    }

    /// The core module's names for its memory and its allocator.
    pub fn runtime_names(&self) -> (String, String) {
        let name = |export| self.resolve.wasm_export_name(Self::MANGLING, export);
        (name(WasmExport::Memory), name(WasmExport::Realloc))
    }

    /// Wraps a core module that implements the world into a component, and validates it.
    pub fn component(&self, mut module: Vec<u8>) -> Result<Vec<u8>, ModelError> {
        embed_component_metadata(&mut module, &self.resolve, self.world, StringEncoding::UTF8).map_err(failed)?;
        let mut encoder = ComponentEncoder::default().validate(false).module(&module).map_err(failed)?;
        let component = encoder.encode().map_err(failed)?;
        let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::default());
        validator.validate_all(&component).map_err(failed)?;
        Ok(component)
    }

    const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);

    fn function(&self, name: &str) -> Result<(&WorldKey, &Function), ModelError> {
        for (key, id) in &self.interfaces {
            if let Some(function) = self.resolve.interfaces[*id].functions.get(name) {
                return Ok((key, function));
            }
        }
        Err(failed(format_args!("the contract has no function `{name}`")))
    }
}
