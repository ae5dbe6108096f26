use super::super::fixture::{STANDARD, World, documents};
use super::*;

#[test]
fn what_is_written_is_read() {
    let world = World::new();
    let directory = world.directory.path().join("a/b");
    let written = documents(&world.spec(STANDARD));
    write_documents(&directory, &written).unwrap();
    assert_eq!(read_documents(&directory), Ok(written));
}

#[test]
fn a_missing_file_is_named() {
    let world = World::new();
    let directory = world.directory.path();
    write_documents(directory, &documents(&world.spec(STANDARD))).unwrap();
    for name in FILES {
        let path = directory.join(name);
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = DirectoryError {
            path: path.clone(),
            kind: ErrorKind::NotFound,
        };
        assert_eq!(error.as_source(), SourceError::Unknown);
        assert_eq!(read_documents(directory), Err(error));
        std::fs::write(&path, content).unwrap();
    }
}

#[test]
fn a_file_above_the_limit_is_refused() {
    let world = World::new();
    let directory = world.directory.path();
    write_documents(directory, &documents(&world.spec(STANDARD))).unwrap();
    let path = directory.join(FILES[4]);
    std::fs::write(&path, vec![0; MAX_DOCUMENT_BYTES]).unwrap();
    assert!(read_documents(directory).is_ok());
    std::fs::write(&path, vec![0; MAX_DOCUMENT_BYTES + 1]).unwrap();
    let kind = ErrorKind::FileTooLarge;
    assert_eq!(read_documents(directory), Err(DirectoryError { path, kind }));
}
