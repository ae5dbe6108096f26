use tempfile::TempDir;

use super::*;

fn options(directory: &TempDir, max_bytes: u64, keep: u32) -> FileOptions {
    FileOptions {
        path: directory.path().join("log.jsonl"),
        max_bytes,
        keep,
    }
}

fn read(directory: &TempDir, name: &str) -> String {
    std::fs::read_to_string(directory.path().join(name)).unwrap()
}

fn names(directory: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_change_by_size_and_the_oldest_go() {
    let directory = TempDir::new().unwrap();
    let mut file = RotatingFile::open(&options(&directory, 10, 2)).unwrap();
    for line in ["1234\n", "5678\n", "abc\n", "defghijklmnop\n", "q\n"] {
        file.append(line.as_bytes(), true).unwrap();
    }
    assert_eq!(read(&directory, "log.jsonl"), "q\n");
    // A line longer than a file has one of its own.
    assert_eq!(read(&directory, "log.jsonl.1"), "defghijklmnop\n");
    assert_eq!(read(&directory, "log.jsonl.2"), "abc\n");
    assert_eq!(names(&directory), ["log.jsonl", "log.jsonl.1", "log.jsonl.2"]);
}

#[test]
fn no_older_file_need_be_kept() {
    let directory = TempDir::new().unwrap();
    let mut file = RotatingFile::open(&options(&directory, 4, 0)).unwrap();
    file.append(b"123\n", false).unwrap();
    file.append(b"456\n", false).unwrap();
    assert_eq!(read(&directory, "log.jsonl"), "456\n");
    assert_eq!(names(&directory), ["log.jsonl"]);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let mut file = RotatingFile::open(&options(&directory, 4, 1)).unwrap();
    file.append(b"123\n", false).unwrap();
    file.append(b"456\n", false).unwrap();
    for name in names(&directory) {
        let mode = std::fs::metadata(directory.path().join(&name))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_line_that_a_crash_left_unfinished_is_cut_off() {
    for (left, kept) in [("one\ntw", "one\n"), ("tw", ""), ("one\n", "one\n"), ("", "")] {
        let directory = TempDir::new().unwrap();
        let options = options(&directory, 1_000, 1);
        std::fs::write(&options.path, left).unwrap();
        RotatingFile::open(&options)
            .unwrap()
            .append(b"next\n", true)
            .unwrap();
        assert_eq!(read(&directory, "log.jsonl"), format!("{kept}next\n"));
    }
}

#[test]
fn something_that_is_no_log_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let options = options(&directory, 1_000, 1);
    let strange = vec![b'x'; 100_000];
    std::fs::write(&options.path, &strange).unwrap();
    assert!(matches!(
        RotatingFile::open(&options),
        Err(DiagnosticsError::Open { .. })
    ));
    assert_eq!(std::fs::read(&options.path).unwrap(), strange);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_moved_away_is_begun_anew() {
    let directory = TempDir::new().unwrap();
    let options = options(&directory, 1_000, 1);
    let mut file = RotatingFile::open(&options).unwrap();
    file.append(b"one\n", true).unwrap();
    std::fs::rename(&options.path, directory.path().join("moved")).unwrap();
    file.append(b"two\n", true).unwrap();
    assert_eq!(
        (read(&directory, "moved"), read(&directory, "log.jsonl")),
        ("one\n".to_owned(), "two\n".to_owned())
    );
}

#[test]
fn a_full_disk_is_told() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: this system has no /dev/full");
        return;
    }
    let options = FileOptions {
        path: PathBuf::from("/dev/full"),
        max_bytes: 1_000,
        keep: 1,
    };
    let mut file = RotatingFile::open(&options).unwrap();
    for _ in 0..2 {
        let error = file.append(b"one\n", false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
