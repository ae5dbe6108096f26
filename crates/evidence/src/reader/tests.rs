use super::*;

#[test]
fn integers_are_little_endian() {
    let mut reader = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!(reader.u8(), Ok(1));
    assert_eq!(reader.u16_le(), Ok(0x0302));
    assert_eq!(reader.u32_le(), Ok(0x0706_0504));
    assert_eq!(reader.u64_le(), Ok(0x0f0e_0d0c_0b0a_0908));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn the_end_of_input_says_where_and_how_much_and_consumes_nothing() {
    let mut reader = Reader::new(&[1, 2, 3]);
    assert_eq!(reader.take(1), Ok(&[1_u8][..]));
    assert_eq!(
        reader.u32_le(),
        Err(EndOfInput {
            offset: 1,
            needed: 4,
            left: 2
        })
    );
    assert_eq!(
        reader.take(usize::MAX),
        Err(EndOfInput {
            offset: 1,
            needed: usize::MAX,
            left: 2
        })
    );
    assert_eq!(reader.rest(), &[2, 3]);
    assert_eq!((reader.offset(), reader.remaining()), (3, 0));
}

#[test]
fn a_sub_reader_is_confined_and_keeps_positions() {
    let mut reader = Reader::new(&[1, 2, 3, 4]);
    reader.u8().unwrap();
    let mut sub = reader.sub(2).unwrap();
    assert_eq!(sub.u8(), Ok(2));
    assert_eq!(
        sub.u16_le(),
        Err(EndOfInput {
            offset: 2,
            needed: 2,
            left: 1
        })
    );
    assert_eq!(sub.finish(), Err(LeftOver { offset: 2, size: 1 }));
    assert_eq!(reader.array(), Ok(&[4]));
    assert_eq!(
        reader.sub(1).unwrap_err(),
        EndOfInput {
            offset: 4,
            needed: 1,
            left: 0
        }
    );
}
