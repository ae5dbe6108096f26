use super::*;

const ABC: [u8; 32] = [
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
    0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
];

fn field<const N: usize>(rest: u8) -> [u8; N] {
    let mut bytes = [rest; N];
    bytes[..32].copy_from_slice(&ABC);
    bytes
}

#[test]
fn runtime_data_is_bound_by_its_hash_in_the_first_half() {
    assert_eq!(
        bind_runtime_data(&field(0), b"abc"),
        Ok(Bound { rest_is_set: false })
    );
    let mut last = field(0);
    last[63] = 1;
    assert_eq!(bind_runtime_data(&last, b"abc"), Ok(Bound { rest_is_set: true }));
}

#[test]
fn other_runtime_data_is_refused_with_both_hashes() {
    let error = bind_runtime_data(&field(0), b"abd").unwrap_err();
    assert_eq!(
        error,
        BindingError::RuntimeData {
            hash: sha256(b"abd"),
            found: ABC
        }
    );
    let explanation = error.explain();
    assert_eq!(
        (explanation.stage, explanation.code),
        (Stage::Binding, "runtime_data_hash")
    );
    assert_eq!(explanation.found, hex::encode(&ABC));
    assert_ne!(explanation.expected, explanation.found);
}

#[test]
fn every_bit_of_the_hash_counts() {
    for bit in 0..256 {
        let mut report_data = field(0);
        report_data[bit / 8] ^= 1 << (bit % 8);
        assert!(bind_runtime_data(&report_data, b"abc").is_err(), "bit {bit}");
    }
}

#[test]
fn init_time_data_needs_kss() {
    assert_eq!(bind_init_time_data_sgx(&field(0), true, b"abc"), Ok(()));
    assert_eq!(
        bind_init_time_data_sgx(&field(0), false, b"abc"),
        Err(BindingError::InitTimeDataWithoutKss)
    );
}

#[test]
fn a_configuration_id_is_the_hash_and_zeros() {
    assert_eq!(bind_init_time_data_tdx(&field(0), b"abc"), Ok(()));
    for at in [0, 31, 32, 47] {
        let mut id: [u8; 48] = field(0);
        id[at] ^= 1;
        let refused = Err(BindingError::InitTimeData {
            hash: ABC,
            found: id.to_vec(),
        });
        assert_eq!(bind_init_time_data_tdx(&id, b"abc"), refused, "byte {at}");
    }
    let mut id: [u8; 64] = field(0);
    id[63] = 1;
    assert!(matches!(
        bind_init_time_data_sgx(&id, true, b"abc"),
        Err(BindingError::InitTimeData { .. })
    ));
}
