use super::HashAlgorithm;

#[test]
fn numbers_and_sizes_are_those_of_the_registry() {
    for (id, algorithm, size) in [
        (0x0004, HashAlgorithm::Sha1, 20),
        (0x000B, HashAlgorithm::Sha256, 32),
        (0x000C, HashAlgorithm::Sha384, 48),
        (0x000D, HashAlgorithm::Sha512, 64),
        (0x0012, HashAlgorithm::Sm3, 32),
    ] {
        assert_eq!(HashAlgorithm::from_id(id), Some(algorithm));
        assert_eq!((algorithm.id(), algorithm.size()), (id, size));
        let digest = algorithm.digest(&[b"a", b"bc"]);
        assert_eq!(
            digest.map(|digest| digest.as_ref().len()),
            Some(size).filter(|_| algorithm != HashAlgorithm::Sm3)
        );
        assert_eq!(
            algorithm.digest(&[b"abc"]).map(|digest| digest.as_ref().to_vec()),
            digest.map(|digest| digest.as_ref().to_vec())
        );
    }
    assert_eq!(HashAlgorithm::from_id(0x0010), None);
}
