//! The only unsafe code of a plugin: memory that the host and the plugin hand to each other, as the canonical ABI of
//! components has it. `plugin!` exports thin functions around these.

#![expect(unsafe_code, reason = "arguments and answers are addresses in memory that both sides share")]

use crate::about::Manifest;
use crate::columns::{Column, ColumnValues};
use crate::image::Image;
use crate::run::Scored;
use std::alloc::Layout;

/// The description of the world as a value that a static can hold.
pub const fn world() -> [u8; crate::WORLD.len()] {
    let (mut bytes, mut at) = ([0; crate::WORLD.len()], 0);
    while at < bytes.len() {
        bytes[at] = crate::WORLD[at];
        at += 1;
    }
    bytes
}

/// Answers `describe`; the answer is freed by [`free`].
pub fn describe(manifest: &Manifest) -> *mut u8 {
    place(Image::manifest(manifest))
}

/// Answers `score-batch`; takes what the host allocated for the columns. The answer is freed by [`free`].
///
/// # Safety
/// There are `count` columns at that address, allocated by [`realloc`], and nobody else uses them.
pub unsafe fn score_batch(
    rows: u32,
    columns: *mut u8,
    count: usize,
    score: fn(usize, Vec<Column>) -> Scored,
) -> *mut u8 {
    // SAFETY: the host allocated `count` columns there by `realloc` and hands them over.
    let columns = unsafe { taken::<RawColumn>(columns, count) };
    let columns = columns.into_iter().map(|column| column.read()).collect();
    place(Image::scored(&score(rows as usize, columns)))
}

/// Memory for the host: new, or more of what it had.
///
/// # Safety
/// `old` was made here with this size and alignment, or `old_size` is 0.
pub unsafe fn realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    let layout = |size| Layout::from_size_align(size, align).unwrap_or(Layout::new::<u64>());
    // SAFETY: neither size is 0, and `old` was allocated here with this size and alignment.
    let place = unsafe {
        if old_size == 0 { std::alloc::alloc(layout(size)) } else { std::alloc::realloc(old, layout(old_size), size) }
    };
    if place.is_null() {
        std::alloc::handle_alloc_error(layout(size));
    }
    place
}

/// Gives an image its place, behind a word that holds how many words there are.
fn place(image: Image) -> *mut u8 {
    let words = 1 + image.len().div_ceil(8);
    let mut block = vec![0u64; words].into_boxed_slice();
    block[0] = words as u64;
    let start = block[1..].as_mut_ptr().cast::<u8>();
    let bytes = image.placed(start.addr() as u32);
    for (word, chunk) in block[1..].iter_mut().zip(bytes.chunks(8)) {
        let mut whole = [0; 8];
        whole[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_le_bytes(whole);
    }
    // SAFETY: the block has at least one word.
    unsafe { Box::into_raw(block).cast::<u64>().add(1).cast() }
}

/// Frees an answer.
///
/// # Safety
/// [`describe`] or [`score_batch`] gave it, and it was not freed yet.
pub unsafe fn free(answer: *mut u8) {
    // SAFETY: `place` made the answer, so a word with the block's size stands in front of it.
    unsafe {
        let block = answer.cast::<u64>().sub(1);
        let words = *block as usize;
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(block, words)));
    }
}

/// A text or a list: where it lies and how many items it has.
#[repr(C)]
struct RawList {
    start: *mut u8,
    count: usize,
}

/// A column as the host writes it.
#[repr(C)]
struct RawColumn {
    name: RawList,
    /// 0 for numbers, 1 for texts.
    kind: u8,
    values: RawList,
    missing: RawList,
}

impl RawColumn {
    fn read(self) -> Column {
        // SAFETY: the host writes lists of these types, allocated by `realloc`, and hands them over.
        unsafe {
            let values = match self.kind {
                0 => ColumnValues::Numbers(taken(self.values.start, self.values.count)),
                _ => {
                    let texts = taken::<RawList>(self.values.start, self.values.count);
                    ColumnValues::Texts(texts.into_iter().map(|text| text.text()).collect())
                }
            };
            Column { name: self.name.text(), values, missing: taken(self.missing.start, self.missing.count) }
        }
    }
}

impl RawList {
    /// # Safety
    /// It is a text that was handed over.
    unsafe fn text(self) -> String {
        // SAFETY: as above; the host writes valid UTF-8.
        unsafe { String::from_utf8_unchecked(taken(self.start, self.count)) }
    }
}

/// Takes a list over.
///
/// # Safety
/// `start` and `count` are of a list of `T` that the host allocated by [`realloc`].
unsafe fn taken<T>(start: *mut u8, count: usize) -> Vec<T> {
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the size and the alignment of the allocation are those of `count` values of `T`.
    unsafe { Vec::from_raw_parts(start.cast::<T>(), count, count) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Answer, Scalar};
    use crate::run::run_each;
    use staunch_plugin::Inputs;

    #[derive(Inputs)]
    struct Row {
        days: Option<f64>,
        plan: Option<String>,
    }

    fn score(row: &Row) -> Scalar {
        Scalar::new(row.days.unwrap_or(-1.0) + row.plan.as_ref().map_or(0.0, |plan| plan.len() as f64))
    }

    /// A list as the host would write it.
    fn list<T: Clone>(items: &[T]) -> RawList {
        // SAFETY: there is room for the items.
        unsafe {
            let start = realloc(std::ptr::null_mut(), 0, align_of::<T>(), size_of_val(items));
            std::ptr::copy_nonoverlapping(items.as_ptr(), start.cast(), items.len());
            RawList { start, count: items.len() }
        }
    }

    #[test]
    fn columns_are_read_from_memory_and_all_of_it_is_freed() {
        let texts = list(&[0u8; 0]);
        assert_eq!(texts.count, 0);
        let numbers = RawColumn { name: list(b"days"), kind: 0, values: list(&[7.0, 0.0]), missing: list(&[2u8]) };
        // SAFETY: there is room for two of them.
        let start = unsafe {
            let start = realloc(std::ptr::null_mut(), 0, align_of::<RawList>(), 2 * size_of::<RawList>());
            start.cast::<RawList>().write(list(b"pro"));
            start.cast::<RawList>().add(1).write(list(b""));
            start
        };
        let texts =
            RawColumn { name: list(b"plan"), kind: 1, values: RawList { start, count: 2 }, missing: list(&[0u8]) };
        let scored = run_each(score, 2, vec![numbers.read(), texts.read()]).unwrap();
        assert_eq!(scored, [Scalar::new(10.0).row(), Scalar::new(-1.0).row()]);
        let answer = place(Image::scored(&Ok(scored)));
        // SAFETY: it is an answer.
        unsafe { free(answer) };
    }
}
