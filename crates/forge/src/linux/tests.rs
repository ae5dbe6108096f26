use super::*;

#[test]
fn the_kernel_and_its_keys_are_entries_of_the_ima_log() {
    let boot = LinuxBoot {
        kernel_versions: vec!["6.1".to_owned(), "6.2".to_owned()],
        ..LinuxBoot::default()
    };
    let events = boot.events();
    let ima: Vec<&Value> = events["Events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["EventTypeString"] == "IMA_MEASUREMENT_EVENT")
        .collect();
    assert_eq!(ima.len(), 4);
    assert!(ima.iter().all(|event| event["PcrIndex"] == 10));
    assert_eq!(ima[1]["ProcessedData"]["KernelVersion"], "6.1");
    assert_eq!(ima[2]["ProcessedData"]["KernelVersion"], "6.2");
    assert_eq!(ima[3]["ProcessedData"]["Keyring"], ".builtin_trusted_keys");
    assert!(ima[3].get("EventType").is_none());
}

#[test]
fn the_boot_order_is_a_list_of_little_endian_numbers() {
    let boot = LinuxBoot {
        boot_order: vec![0x0102, 3],
        ..LinuxBoot::default()
    };
    let events = boot.events();
    let order = &events["Events"][8];
    assert_eq!(order["ProcessedData"]["UnicodeName"], "BootOrder");
    assert_eq!(order["ProcessedData"]["VariableData"], "AgEDAA");
    assert_eq!(order["PcrIndex"], 1);
    assert_eq!(events["Events"][9]["ProcessedData"]["UnicodeName"], "Boot0102");
}
