use serde_json::Value;
use tempfile::TempDir;

use super::*;

fn log_in(directory: &std::path::Path) -> (DiagnosticLog, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let file = |name: &str| FileOptions {
        path: directory.join(name),
        max_bytes: 100_000_000,
        keep: 1,
    };
    let options = DiagnosticsOptions {
        file: Some(file("log.jsonl")),
        audit_file: Some(file("audit.jsonl")),
        stdout: false,
    };
    (
        DiagnosticLog::start(&options, Arc::clone(&metrics)).unwrap(),
        metrics,
    )
}

fn operations(file: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let line = |line| serde_json::from_str::<Value>(line).unwrap()["operationName"].clone();
    text.lines()
        .map(|text| line(text).as_str().unwrap().to_owned())
        .collect()
}

fn record(operation: &str) -> Record {
    Record {
        operation: operation.to_owned(),
        ..Record::of_loss(0)
    }
}

#[tokio::test]
async fn records_are_on_disk_in_order_when_that_was_asked_for() {
    let directory = TempDir::new().unwrap();
    let (log, metrics) = log_in(directory.path());
    let (file, audit_file) = (
        directory.path().join("log.jsonl"),
        directory.path().join("audit.jsonl"),
    );
    log.record(&record("read"));
    let place = log.reserve().await.unwrap();
    place.write(&record("first")).await.unwrap();
    assert_eq!(operations(&audit_file), ["first"]);
    log.reserve().await.unwrap().leave(&record("second"));
    log.record(&record("read again"));
    log.flush().await.unwrap();
    assert_eq!(operations(&audit_file), ["first", "second"]);
    assert_eq!(operations(&file), ["read", "read again"]);
    assert_eq!(metrics.diagnostic_records_lost.get(), 0);
}

#[tokio::test]
async fn a_full_queue_loses_records_and_says_so_in_their_place() {
    let directory = TempDir::new().unwrap();
    let (log, metrics) = log_in(directory.path());
    // Nothing is taken from the queue before this task waits.
    for _ in 0..QUEUE + 3 {
        log.record(&record("one"));
    }
    assert_eq!(metrics.diagnostic_records_lost.get(), 3);
    // What must not be lost has places of its own.
    log.reserve().await.unwrap();
    log.flush().await.unwrap();
    let text = std::fs::read_to_string(directory.path().join("log.jsonl")).unwrap();
    let lost: Vec<_> = text.lines().filter(|line| line.contains("RecordsLost")).collect();
    assert_eq!(lost.len(), 1, "told once");
    assert!(lost[0].contains("3 records are missing"), "{}", lost[0]);
    assert_eq!(text.lines().count(), QUEUE + 1);
    assert_eq!(
        operations(&directory.path().join("audit.jsonl")),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_written_takes_no_administrative_operation_until_it_can() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("logs");
    std::fs::create_dir(&place).unwrap();
    let (log, metrics) = log_in(&place);
    std::fs::remove_dir_all(&place).unwrap();

    let begun = log.reserve().await.unwrap();
    assert_eq!(begun.write(&record("lost")).await, Err(DiagnosticsError::Failing));
    assert!(log.is_failing());
    assert_eq!(log.reserve().await.unwrap_err(), DiagnosticsError::Failing);
    log.record(&record("lost, too"));
    assert_eq!(log.flush().await, Err(DiagnosticsError::Failing));
    assert_eq!(metrics.diagnostic_records_lost.get(), 2);

    std::fs::create_dir(&place).unwrap();
    log.flush().await.unwrap();
    assert!(!log.is_failing());
    log.reserve().await.unwrap().write(&record("kept")).await.unwrap();
    assert_eq!(operations(&place.join("audit.jsonl")), ["RecordsLost", "kept"]);
    assert_eq!(operations(&place.join("log.jsonl")), ["RecordsLost"]);
    for name in ["log.jsonl", "audit.jsonl"] {
        let text = std::fs::read_to_string(place.join(name)).unwrap();
        assert!(text.contains("1 records are missing"), "{text}");
    }
}

#[tokio::test]
async fn a_failing_log_is_tried_again_by_itself() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("logs");
    std::fs::create_dir(&place).unwrap();
    let (log, _) = log_in(&place);
    std::fs::remove_dir_all(&place).unwrap();
    log.flush().await.unwrap_err();
    std::fs::create_dir(&place).unwrap();
    while log.is_failing() {
        tokio::task::yield_now().await;
    }
    assert!(place.join("log.jsonl").exists());
}

#[tokio::test]
async fn a_place_for_the_log_that_is_none_stops_the_start() {
    let options = DiagnosticsOptions {
        file: Some(FileOptions {
            path: PathBuf::from("/nonexistent/log.jsonl"),
            max_bytes: 1,
            keep: 1,
        }),
        audit_file: None,
        stdout: false,
    };
    let error = DiagnosticLog::start(&options, Arc::new(Metrics::new())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the diagnostic log `/nonexistent/log.jsonl` cannot be written (entity not found)"
    );
}
