//! Entries that were touched, folders that belong to others, several writers at once, and the bound.

use super::*;
use proptest::prelude::*;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const NAME: Name = Name([7; 32]);
const OTHER: Name = Name([8; 32]);

fn cache() -> (TempDir, Cache) {
    let dir = TempDir::new().unwrap();
    let cache = Cache::open(&dir.path().join("cache")).unwrap();
    (dir, cache)
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn refusal(dir: &Path) -> String {
    Cache::open(dir).err().map(|problem| problem.to_string()).unwrap_or_default()
}

#[test]
fn gives_back_what_was_put_even_to_another_process() {
    let (dir, cache) = cache();
    assert_eq!(cache.get(&NAME), None);
    cache.put(&NAME, b"content");
    assert_eq!(cache.get(&NAME).unwrap(), b"content");
    let again = Cache::open(&dir.path().join("cache")).unwrap();
    assert_eq!((again.get(&NAME).unwrap(), again.get(&OTHER)), (b"content".to_vec(), None));
    assert_eq!(cache.counts(), CacheCounts { hits: 1, misses: 1, written: 1, ..CacheCounts::default() });
    again.useless();
    assert_eq!(again.counts(), CacheCounts { misses: 1, refused: 1, ..CacheCounts::default() });
}

#[test]
fn an_entry_under_another_name_or_key_is_none() {
    let (_dir, mine) = cache();
    mine.put(&NAME, b"content");
    std::fs::copy(mine.path(&NAME), mine.path(&OTHER)).unwrap();
    assert_eq!((mine.get(&OTHER), mine.counts().refused), (None, 1));
    let (_other, theirs) = cache();
    std::fs::copy(mine.path(&NAME), theirs.path(&NAME)).unwrap();
    assert_eq!((theirs.get(&NAME), theirs.counts().refused), (None, 1));
    theirs.put(&NAME, b"again");
    assert_eq!(theirs.get(&NAME).unwrap(), b"again");
}

#[test]
fn a_key_or_folder_that_others_may_touch_is_not_used() {
    let (dir, made) = cache();
    let (folder, key) = (made.dir.clone(), made.dir.join("key"));
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    for bad in [0o640, 0o604, 0o620, 0o666] {
        mode(&key, bad);
        assert!(refusal(&folder).contains("others have rights"), "{bad:o}");
    }
    mode(&key, 0o600);
    for bad in [0o770, 0o707, 0o777] {
        mode(&folder, bad);
        assert!(refusal(&folder).contains("others have rights"), "{bad:o}");
    }
    mode(&folder, 0o755);
    assert_eq!(refusal(&folder), "");
    std::fs::write(&key, b"short").unwrap();
    assert!(refusal(&folder).contains("no file of 32 bytes"));
    let elsewhere = dir.path().join("elsewhere");
    std::fs::write(&elsewhere, [0; 32]).unwrap();
    mode(&elsewhere, 0o600);
    std::fs::remove_file(&key).unwrap();
    symlink(&elsewhere, &key).unwrap();
    assert!(refusal(&folder).contains("cannot be opened"), "{}", refusal(&folder));
    let link = dir.path().join("link");
    symlink(&folder, &link).unwrap();
    assert!(refusal(&link).contains("no folder"));
    assert!(refusal(&elsewhere.join("below")).contains("cannot be made"));
}

#[test]
fn a_folder_of_another_user_is_not_used() {
    let (_dir, made) = cache();
    // Only root can give a folder away.
    if std::os::unix::fs::chown(&made.dir, Some(12_345), None).is_ok() {
        assert!(refusal(&made.dir).contains("belongs to user 12345"));
    } else {
        assert!(refusal(Path::new("/")).contains("belongs to user 0"));
    }
}

#[test]
fn many_writers_agree_on_one_key_and_leave_whole_entries() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("a/b");
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            let folder = &folder;
            scope.spawn(move || {
                let cache = Cache::open(folder).unwrap();
                for turn in 0..50 {
                    cache.put(&NAME, &vec![thread; 10_000 + turn]);
                    let got = cache.get(&NAME).unwrap();
                    assert!(got.len() >= 10_000 && got.iter().all(|byte| *byte == got[0]));
                }
                assert_eq!(cache.counts(), CacheCounts { hits: 50, written: 50, ..CacheCounts::default() });
            });
        }
    });
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn the_oldest_entries_go_when_there_are_too_many_bytes() {
    let (_dir, cache) = cache();
    let cache = cache.bounded(10 * 1_100);
    let part = cache.dir.join("left.part");
    std::fs::write(&part, [0; 500]).unwrap();
    for number in 0..30u8 {
        let name = Name([number; 32]);
        cache.put(&name, &[number; 1_000]);
        let age = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(number) + 1_000);
        std::fs::File::open(cache.path(&name)).unwrap().set_modified(age).unwrap();
        std::fs::File::open(&part).into_iter().for_each(|file| file.set_modified(SystemTime::UNIX_EPOCH).unwrap());
    }
    let kept: Vec<bool> = (0..30).map(|number| cache.get(&Name([number; 32])).is_some()).collect();
    assert!(kept[..20].iter().all(|kept| !kept) && kept[20..].iter().all(|kept| *kept), "{kept:?}");
    assert!(!part.exists() && cache.dir.join("key").exists());
    cache.put(&NAME, &[0; 12_000]);
    assert_eq!((cache.get(&NAME), cache.counts().unwritten), (None, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_changed_or_cut_entry_is_none(content: Vec<u8>, at: prop::sample::Index, bit in 0u8..8, more: Vec<u8>) {
        let (_dir, cache) = cache();
        cache.put(&NAME, &content);
        let path = cache.path(&NAME);
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[at.index(whole.len())] ^= 1 << bit;
        let longer = [whole.as_slice(), &more, &[0]].concat();
        for changed in [&flipped[..], &whole[..at.index(whole.len())], &longer] {
            std::fs::write(&path, changed).unwrap();
            prop_assert_eq!(cache.get(&NAME), None);
        }
        prop_assert_eq!(cache.counts().refused, 3);
        std::fs::write(&path, &whole).unwrap();
        prop_assert_eq!(cache.get(&NAME), Some(content));
    }
}
