//! Data that people bring: kinds of files, names of arrays, shapes, readings; what is told, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::npy_bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use gncn::circuit::Circuit;
use gncn::data::{
    DataError, Dataset, Images, Pixels, Reading, SenseFile, SenseMoments, SenseReader, Source, files, idx, load_raw,
    npz,
};
use gncn::data::{npz::NpzOut, outputs, source};
use gncn::evaluation::{self, MomentsFrom, Prepared, Show};
use gncn::matrix::Matrix;
use gncn::network::Network;
use std::io::Write as _;
use std::sync::Arc;
use tempfile::TempDir;

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// A `.npy` file in C order.
pub(crate) fn npy(descriptor: &str, shape: &str, payload: &[u8]) -> Vec<u8> {
    npy_bytes(descriptor, "False", shape, payload)
}

fn reals(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An archive of `.npy` members, stored.
pub(crate) fn archive(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn load(path: &Path) -> Result<Dataset, DataError> {
    load_raw(&Source::Path(path.to_owned()))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, impl std::fmt::Display + std::fmt::Debug>, wanted: &[&str]) {
    let message = result.expect_err("a wrong request").to_string();
    for part in wanted {
        assert!(message.contains(part), "`{part}` in: {message}");
    }
}

fn circuit(layer: &str) -> Circuit {
    let text = format!(
        r#"#![enable(implicit_some)]
        Circuit(
            name: "tiny",
            layers: {{ "z0": ({layer}, sense: "image"), "z1": (size: 2, beta: 0.1) }},
            projections: [(from: "z1", to: "z0", feedback: Transposed)],
        )"#
    );
    Circuit::parse(text.as_bytes()).unwrap()
}

fn prepared(circuit: &Circuit, data: Dataset) -> Result<Prepared, evaluation::SenseError> {
    let rows: Vec<usize> = (0..data.train.count()).collect();
    evaluation::prepare(circuit, data, None, MomentsFrom::Samples(&rows))
}

fn told(prepared: &Prepared, part: &str) -> bool {
    prepared.told.iter().any(|text| text.contains(part))
}

// --- Kinds of files ------------------------------------------------------------------------------------------

#[test]
fn idx_files_of_all_six_types_are_read() {
    let folder = TempDir::new().unwrap();
    let values = [1_i8, 2, 3, 100];
    macro_rules! check {
        ($($code:literal $type:ty),*) => {$(
            let mut bytes = vec![0, 0, $code, 2];
            bytes.extend([2_u32, 2].iter().flat_map(|side| side.to_be_bytes()));
            bytes.extend(values.iter().flat_map(|&value| (value as $type).to_be_bytes()));
            let array = idx::array(&bytes, "f").unwrap();
            assert_eq!(array.shape(), [2, 2]);
            let images = idx::images(&bytes, "f").unwrap().with_reading(Reading::Raw, "f").unwrap();
            assert_eq!(images.matrix(&[1]).as_slice(), [3.0, 100.0], "type {:#x}", $code);
            let path = put(&folder, "any.idx", &bytes);
            assert_eq!(files::read_matrix(&path).unwrap().as_slice(), [1.0, 2.0, 3.0, 100.0]);
            refused(idx::array(&bytes[..bytes.len() - 1], "f"), &["announces"]);
        )*};
    }
    check!(0x08 u8, 0x09 i8, 0x0b i16, 0x0c i32, 0x0d f32, 0x0e f64);
    refused(idx::array(&[0, 0, 0x0a, 1, 0, 0, 0, 1, 1], "f"), &["0x00000a01", "08, 09, 0b"]);
}

#[test]
fn zeros_behind_a_gzip_stream_belong_to_nothing() {
    let images = Images::new(Pixels::Bytes(vec![1, 200, 3, 4]), None, (2, 1), "two").unwrap();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let plain = idx::encode_images(&images);
    let (head, tail) = plain.split_at(9);
    let padded = [gzip(&plain), vec![0; 7]].concat();
    assert_eq!(idx::images(&padded, "f").unwrap(), images);
    let members = [gzip(head), gzip(tail), vec![0; 300]].concat();
    assert_eq!(idx::images(&members, "f").unwrap(), images, "two members");
    refused(idx::images(&[gzip(&plain), vec![0, 0, 7]].concat(), "f"), &["damaged", "zeros"]);
    refused(idx::images(&padded[..padded.len() - 12], "f"), &["truncated"]);
}

#[test]
fn csv_files_are_read_with_and_without_names() {
    let folder = TempDir::new().unwrap();
    let named = put(&folder, "named.csv", b"\xef\xbb\xbf# digits\nlabel,a,\"b\"\r\n3,0,255\n1,128,7\n");
    let data = load(&named).unwrap();
    assert_eq!(data.train.labels(), Some(&[3, 1][..]));
    assert_eq!(data.train.matrix(&[0, 1]).as_slice(), [0.0, 255.0, 128.0, 7.0]);
    let member = |name: &str| PathBuf::from(format!("{}:{name}", named.display()));
    assert_eq!(files::read_one(&member("b")).unwrap().0.shape(), [2]);
    refused(files::read_one(&member("c")), &["no column `c`", "`label`, `a`, `b`"]);
    let bare = put(&folder, "bare.csv", b"0.5;-1e3\n1;2\n");
    assert_eq!(files::read_matrix(&bare).unwrap().as_slice(), [0.5, -1000.0, 1.0, 2.0]);
    refused(load(&put(&folder, "ragged.csv", b"1,2\n3\n")), &["line 2 has 1 cells"]);
    refused(load(&put(&folder, "words.csv", b"a,b\n1,x\n")), &["line 2, column 2", "`x`"]);
    refused(files::read_matrix(&put(&folder, "gap.csv", b"1,2\n3,\n")), &["[1, 1] is NaN"]);
    refused(load(&put(&folder, "none.csv", b"a,b\n")), &["no row of numbers"]);
}

#[test]
fn matlab_variables_of_any_class_and_shape_are_read_and_hdf5_is_named() {
    let element = |kind: u32, content: &[u8]| {
        let mut bytes = [kind.to_le_bytes(), u32::try_from(content.len()).unwrap().to_le_bytes()].concat();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let variable = |name: &str, class: u8, sides: &[u32], kind: u32, content: &[u8]| {
        let dimensions: Vec<u8> = sides.iter().flat_map(|side| side.to_le_bytes()).collect();
        let parts = [
            element(6, &[class, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &dimensions),
            element(1, name.as_bytes()),
            element(kind, content),
        ];
        element(14, &parts.concat())
    };
    let mut bytes = vec![b' '; 124];
    bytes.extend(b"\x00\x01IM");
    // Two rows of two values each, column after column, and three dimensions.
    let doubles: Vec<u8> = [1.5_f64, 3.5, -2.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    bytes.extend(variable("x", 6, &[2, 2], 9, &doubles));
    bytes.extend(variable("cube", 9, &[1, 2, 2], 2, &[1, 2, 3, 4]));
    bytes.extend(variable("y", 6, &[2, 1], 2, &[7, 9]));
    bytes.extend(variable("row", 9, &[1, 3], 2, &[4, 0, 2]));
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "any.mat", &bytes);
    let member = |name: &str| PathBuf::from(format!("{}:{name}", path.display()));
    assert_eq!(files::read_matrix(&member("x")).unwrap().as_slice(), [1.5, -2.0, 3.5, 4.0]);
    assert_eq!(files::read_matrix(&member("cube")).unwrap().as_slice(), [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(files::read_one(&member("y")).unwrap().0.into_labels("y").unwrap(), [7, 9]);
    let row = files::read_one(&member("row")).unwrap().0;
    assert_eq!(row.into_labels("row").unwrap(), [4, 0, 2], "to MATLAB a vector is a matrix");
    let mut seven = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec();
    seven.resize(512, b' ');
    seven.extend(b"\x89HDF\r\n\x1a\n");
    refused(files::read(&put(&folder, "new.mat", &seven)), &["7.3", "HDF5", "-v7"]);
}

fn png(width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// A grey JPEG of 8x8 pixels, all of them `shade`: baseline, one block, one code for each table. The DC difference has
/// category 10 at the most, and is written out here so that no encoder is needed.
fn jpeg(shade: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    bytes.extend([1; 64]);
    bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // One DC code of one bit for category 10 or less, and one AC code of one bit for the end of a block.
    let dc = (i32::from(shade) - 128) * 8;
    let category = 32 - dc.unsigned_abs().leading_zeros();
    bytes.extend([0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, category as u8]);
    bytes.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    let amplitude = if dc < 0 { dc + (1 << category) - 1 } else { dc } as u32;
    // 0 for the DC code, the amplitude, 0 for the end of the block, and ones up to a byte.
    let length = category + 2;
    let mut word = amplitude << 1;
    let padding = (8 - length % 8) % 8;
    word = (word << padding) | ((1 << padding) - 1);
    let count = (length + padding) / 8;
    for i in (0..count).rev() {
        let byte = (word >> (8 * i)) as u8;
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// A few bytes may claim any size: what they claim is looked at before memory is taken.
#[test]
fn pictures_that_claim_to_be_huge_are_refused_at_once() {
    let mut jpeg = jpeg(200);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    let side = 16_000_u16.to_be_bytes();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[side, side].concat());
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 16_000, 16_000);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_chunk(png::chunk::IDAT, &[]).unwrap();
    for (name, bytes) in [("huge.jpg", jpeg), ("huge.png", png)] {
        let folder = TempDir::new().unwrap();
        let told = gncn::data::read_matrix(&put(&folder, name, &bytes)).unwrap_err().to_string();
        assert!([name, "16000 × 16000 pixels", "67108864", "-resize"].iter().all(|part| told.contains(part)), "{told}");
    }
}

#[test]
fn folders_of_pictures_are_classes() {
    let folder = TempDir::new().unwrap();
    for (split, count) in [("train", 2), ("test", 1)] {
        for i in 0..count {
            put(&folder, &format!("{split}/cat/{i}.png"), &png(8, 8, png::ColorType::Grayscale, &[10 + i; 64]));
            put(&folder, &format!("{split}/dog/{i}.jpg"), &jpeg(200));
        }
    }
    let data = load(folder.path()).unwrap();
    assert_eq!((data.train.labels(), data.test.as_ref().unwrap().count()), (Some(&[0, 0, 1, 1][..]), 2));
    assert_eq!(data.train.matrix(&[1]).row(0)[..3], [11.0; 3]);
    let photo = data.train.matrix(&[3]);
    assert!(photo.row(0).iter().all(|value| (value - 200.0).abs() <= 1.0), "{:?}", photo.row(0));
    assert!(data.remarks().iter().any(|text| text.contains("0 = cat, 1 = dog")), "{:?}", data.remarks());
    put(&folder, "train/dog/9.png", &png(4, 8, png::ColorType::Grayscale, &[0; 32]));
    refused(load(folder.path()), &["9.png", "4x8", "8x8"]);
}

#[test]
fn pictures_in_colour_have_three_channels_and_no_glass() {
    let folder = TempDir::new().unwrap();
    put(&folder, "3/a.png", &png(2, 1, png::ColorType::Rgb, &[1, 2, 3, 4, 5, 6]));
    put(&folder, "7/b.png", &png(2, 1, png::ColorType::Rgba, &[7, 8, 9, 255, 1, 1, 1, 255]));
    let data = load(folder.path()).unwrap();
    assert_eq!((data.train.grid().channels, data.train.size()), (3, 6));
    assert_eq!(data.train.labels(), Some(&[3, 7][..]), "folders that are called by numbers keep them");
    assert_eq!(data.train.matrix(&[0, 1]).as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0, 1.0, 1.0]);
    put(&folder, "7/c.png", &png(2, 1, png::ColorType::Rgba, &[7, 8, 9, 254, 1, 1, 1, 255]));
    refused(load(folder.path()), &["c.png", "transparent"]);
    fs::remove_file(folder.path().join("7/c.png")).unwrap();
    put(&folder, "7/d.png", b"\x89PNG\r\n\x1a\nno");
    refused(load(folder.path()), &["d.png", "PNG"]);
}

#[test]
fn emnist_is_found_by_its_names_and_stands_upright() {
    let folder = TempDir::new().unwrap();
    // Row 0 is 1 2, row 1 is 3 4; stored column by column.
    let images = Images::new(Pixels::Bytes(vec![1, 3, 2, 4]), None, (2, 2), "one").unwrap();
    for split in ["train", "test"] {
        put(&folder, &format!("emnist-letters-{split}-images-idx3-ubyte"), &idx::encode_images(&images));
        put(&folder, &format!("emnist-letters-{split}-labels-idx1-ubyte"), &idx::encode_labels(&[26]));
    }
    let data = load(folder.path()).unwrap();
    assert_eq!(data.train.matrix(&[0]).as_slice(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((data.train.labels(), data.test.is_some()), (Some(&[26][..]), true));
    assert!(data.remarks().iter().any(|text| text.contains("turned upright")));
    put(&folder, "emnist-digits-train-images-idx3-ubyte", &idx::encode_images(&images));
    refused(load(folder.path()), &["2 splits of EMNIST", "emnist-digits", "emnist-letters"]);
    assert_eq!(load(&folder.path().join("emnist-digits")).unwrap().train.labels(), None);
}

#[test]
fn the_name_of_a_folder_says_nothing_of_a_file() {
    let folder = TempDir::new().unwrap();
    put(&folder, "my-ubyte-npy/train.npy", &npy("|u1", "(2, 2, 2)", &[0, 255, 9, 8, 7, 6, 5, 200]));
    put(&folder, "my-ubyte-npy/train_labels.npy", &npy("<i8", "(2,)", &longs(&[1, 0])));
    let data = load(&folder.path().join("my-ubyte-npy")).unwrap();
    assert_eq!((data.train.count(), data.train.labels()), (2, Some(&[1, 0][..])));
}

// --- Names and shapes ------------------------------------------------------------------------------------------

#[test]
fn names_of_other_tools_are_known_and_unused_ones_are_told() {
    let folder = TempDir::new().unwrap();
    let images = || npy("|u1", "(2, 1, 2)", &[0, 255, 255, 0]);
    let labels = || npy("<i8", "(2,)", &longs(&[1, 0]));
    let path = put(&folder, "a.npz", &archive(&[("images", images()), ("labels", labels()), ("notes", labels())]));
    let data = load(&path).unwrap();
    assert_eq!(data.train.labels(), Some(&[1, 0][..]));
    assert!(data.remarks().iter().any(|text| text.contains("`notes` not used")), "{:?}", data.remarks());
    let members = [("train", images()), ("train_targets", labels()), ("test", images()), ("test_targets", labels())];
    let data = load(&put(&folder, "b.npz", &archive(&members))).unwrap();
    assert_eq!(data.test.as_ref().and_then(Images::labels), Some(&[1, 0][..]));
    assert_eq!((data.train.labels(), data.remarks()), (Some(&[1, 0][..]), &[][..]));
    refused(load(&put(&folder, "c.npz", &archive(&[("foo", images()), ("bar", labels())]))), &["foo, bar", "x_train"]);
    refused(
        load(&put(&folder, "d.npz", &archive(&[("a", images()), ("y_train", labels())]))),
        &["labels without images"],
    );
}

#[test]
fn one_hot_labels_are_labels() {
    let folder = TempDir::new().unwrap();
    let images = || npy("|u1", "(2, 1, 2)", &[0, 255, 255, 0]);
    let hot = |values: &[f32]| npy("<f4", "(2, 3)", &reals(values));
    let members = [("train", images()), ("train_labels", hot(&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]))];
    let data = load(&put(&folder, "a.npz", &archive(&members))).unwrap();
    assert_eq!(data.train.labels(), Some(&[2, 0][..]));
    assert!(data.remarks().iter().any(|text| text.contains("one-hot")));
    let members = [("train", images()), ("train_labels", hot(&[0.0, 0.5, 0.5, 1.0, 0.0, 0.0]))];
    refused(load(&put(&folder, "b.npz", &archive(&members))), &["[2, 3]", "one-hot"]);
}

#[test]
fn labels_count_from_one_only_where_nothing_else_fits() {
    let text = br#"Circuit(
        name: "classes",
        layers: {
            "z0": (size: 2, sense: "image"),
            "label": (size: 3, sense: "label", mean: Sigmoid, likelihood: Bernoulli),
            "z1": (size: 2, beta: 0.1),
        },
        projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z1", to: "label", feedback: Transposed)],
    )"#;
    let circuit = Circuit::parse(text).unwrap();
    let data = |labels: Vec<u8>| {
        let images = Images::new(Pixels::Bytes(vec![255; 6]), Some(labels), (2, 1), "three").unwrap();
        Dataset::new("three", images, None, "three").unwrap()
    };
    let from_one = prepared(&circuit, data(vec![1, 3, 2])).unwrap();
    assert_eq!(from_one.data.train.labels(), Some(&[0, 2, 1][..]));
    assert!(told(&from_one, "count from 1 to 3"), "{:?}", from_one.told);
    let from_zero = prepared(&circuit, data(vec![1, 2, 2])).unwrap();
    assert_eq!(from_zero.data.train.labels(), Some(&[1, 2, 2][..]), "they may as well count from 0");
    let mixed = prepared(&circuit, data(vec![0, 3, 2])).unwrap().data;
    let error = evaluation::episode(&circuit, &mixed.train, &[1], Show::Everything).unwrap_err();
    assert!(error.to_string().contains("labels up to 3"), "{error}");
}

#[test]
fn channels_come_first_or_last() {
    let folder = TempDir::new().unwrap();
    // One image of 1x2 pixels: red 1 2, green 3 4, blue 5 6.
    let first = put(&folder, "first.npy", &npy("|u1", "(1, 3, 1, 2)", &[1, 2, 3, 4, 5, 6]));
    let data = load(&first).unwrap();
    assert_eq!((data.train.grid().width, data.train.grid().height, data.train.grid().channels), (2, 1, 3));
    assert_eq!(data.train.matrix(&[0]).as_slice(), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert!(data.remarks().iter().any(|text| text.contains("channels first")));
    let last = load(&put(&folder, "last.npy", &npy("|u1", "(1, 2, 2, 1)", &[1, 2, 3, 4]))).unwrap();
    assert_eq!((last.train.size(), last.train.grid().channels, last.remarks().len()), (4, 1, 0));
    refused(load(&put(&folder, "both.npy", &npy("|u1", "(1, 3, 2, 3)", &[0; 18]))), &["not clear", "transpose"]);
    refused(load(&put(&folder, "none.npy", &npy("|u1", "(1, 5, 2, 6)", &[0; 60]))), &["[1, 5, 2, 6]"]);
}

#[test]
fn flat_rows_are_squares_only_where_nobody_says_otherwise() {
    let data = || {
        let folder = TempDir::new().unwrap();
        load(&put(&folder, "flat.npy", &npy("|u1", "(2, 16)", &[255; 32]))).unwrap()
    };
    let square = prepared(&circuit("size: 16"), data()).unwrap();
    assert_eq!((square.data.train.width(), square.data.train.height()), (4, 4));
    assert!(told(&square, "flat rows of 16 values: taken as images of 4x4"), "{:?}", square.told);
    let said = prepared(&circuit("shape: (2, 8)"), data()).unwrap();
    assert_eq!((said.data.train.width(), said.data.train.height()), (8, 2));
    assert!(!told(&said, "flat rows"), "{:?}", said.told);
    let again = Circuit::parse(circuit("shape: (2, 4, 2)").to_ron().as_bytes()).unwrap();
    let (_, first) = again.layers().next().unwrap();
    assert_eq!((first.size(), first.shape()), (16, Some([2, 4, 2])));
}

// --- Readings ----------------------------------------------------------------------------------------------------

#[test]
fn a_sense_is_read_as_its_circuit_says_or_as_its_likelihood_has_it() {
    let data = |values: &[u8]| {
        let images = Images::new(Pixels::Bytes(values.to_vec()), None, (2, 1), "bytes").unwrap();
        Dataset::new("bytes", images, None, "bytes").unwrap()
    };
    let first = |layer: &str| {
        let prepared = prepared(&circuit(layer), data(&[51, 255, 153, 255])).unwrap();
        prepared.data.train.matrix(&[0, 1]).as_slice().to_vec()
    };
    assert_eq!(first("size: 2"), [0.2, 1.0, 0.6, 1.0]);
    assert_eq!(first("size: 2, mean: Sigmoid, likelihood: Bernoulli"), [0.0, 1.0, 1.0, 1.0]);
    assert_eq!(first("size: 2, mean: Sigmoid, likelihood: Bernoulli, read: Grey"), [0.2, 1.0, 0.6, 1.0]);
    assert_eq!(first("size: 2, read: Binarised(0.7)"), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(first("size: 2, read: Raw"), [51.0, 255.0, 153.0, 255.0]);
    let standardised = first("size: 2, read: Standardised");
    for (found, wanted) in standardised.iter().zip([-1.0, 0.0, 1.0, 0.0]) {
        assert!((found - wanted).abs() < 1e-6, "{standardised:?}; the second value never varies");
    }
}

#[test]
fn images_that_would_all_be_black_are_refused_or_told() {
    let data = |largest: u8| {
        let images = Images::new(Pixels::Bytes(vec![0, largest, 2, 1]), None, (2, 1), "dark").unwrap();
        Dataset::new("dark", images, None, "dark").unwrap()
    };
    let bernoulli = circuit("size: 2, mean: Sigmoid, likelihood: Bernoulli");
    for largest in [2, 16, 127] {
        let wanted = format!("the largest is {largest} of 255");
        refused(prepared(&bernoulli, data(largest)), &["no value reaches 0.5", &wanted, "multiply", "Binarised("]);
        let grey = prepared(&circuit("size: 2"), data(largest)).unwrap();
        assert!(told(&grey, &format!("no byte reaches 128: the largest is {largest}")), "{:?}", grey.told);
    }
    assert!(prepared(&bernoulli, data(128)).is_ok());
    assert!(!told(&prepared(&circuit("size: 2"), data(128)).unwrap(), "reaches"));
}

#[test]
fn standardised_senses_keep_their_moments_with_the_weights() {
    let circuit = Arc::new(circuit("size: 2, read: Standardised"));
    let images = Images::new(Pixels::Real(vec![1.0, -4.0, 3.0, -8.0, 99.0, 99.0]), None, (2, 1), "three").unwrap();
    let data = Dataset::new("three", images, None, "three").unwrap();
    // The third image is held out: it has no part in what is fitted.
    let fitted = evaluation::prepare(&circuit, data.clone(), None, MomentsFrom::Samples(&[0, 1])).unwrap().data;
    assert_eq!(fitted.train.matrix(&[0]).as_slice(), [-1.0, 1.0]);
    let mut network = Network::new(Arc::clone(&circuit), 0);
    evaluation::keep_moments(&mut network, &fitted);
    let weights = network.tensors();
    assert_eq!((weights["image.mean"].as_slice(), weights["image.sd"].as_slice()), (&[2.0, -6.0][..], &[1.0, 2.0][..]));
    let kept = Network::with_weights(Arc::clone(&circuit), &weights).unwrap();
    assert_eq!(kept.tensors(), weights);
    let again = evaluation::prepare(&circuit, data, None, MomentsFrom::Weights(&weights)).unwrap().data;
    assert_eq!(again.train.matrix(&[0, 1, 2]), fitted.train.matrix(&[0, 1, 2]));
    let mut lacking = weights.clone();
    lacking.remove("image.sd");
    refused(Network::with_weights(Arc::clone(&circuit), &lacking), &["no tensor \"image.sd\""]);
    assert_eq!(SenseMoments::new(vec![0.0], vec![0.0]), None);
    assert_eq!(
        SenseReader::standardised(SenseMoments::new(vec![0.0], vec![2.0]).unwrap()).reading(),
        Reading::Standardised
    );
}

#[test]
fn training_and_settling_read_the_same_bytes_alike() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "x.npy", &npy("|u1", "(2, 2)", &[51, 255, 153, 0]));
    let given = SenseFile { sense: "image".to_owned(), file: path.clone() };
    let layers = [
        "size: 2",
        "size: 2, mean: Sigmoid, likelihood: Bernoulli",
        "size: 2, read: Grey",
        "size: 2, read: Binarised(0.1)",
        "size: 2, read: Raw",
        "size: 2, read: Standardised",
    ];
    for layer in layers {
        let circuit = Arc::new(circuit(layer));
        let trained = prepared(&circuit, load(&path).unwrap()).unwrap().data;
        let mut network = Network::new(Arc::clone(&circuit), 0);
        evaluation::keep_moments(&mut network, &trained);
        let (settled, told) = evaluation::input(&circuit, &given, None, Some(&network.tensors())).unwrap();
        assert_eq!(settled, trained.train.matrix(&[0, 1]), "{layer}");
        assert!(told.iter().any(|text| text.starts_with("image: ")), "{told:?}");
    }
    let standardised = circuit("size: 2, read: Standardised");
    refused(evaluation::input(&standardised, &given, None, None), &["--weights"]);
    let real = put(&folder, "real.npy", &npy("<f4", "(1, 2)", &reals(&[0.25, 0.75])));
    let given = SenseFile { sense: "image".to_owned(), file: real };
    let bernoulli = circuit("size: 2, mean: Sigmoid, likelihood: Bernoulli");
    let (settled, _) = evaluation::input(&bernoulli, &given, None, None).unwrap();
    assert_eq!(settled.as_slice(), [0.25, 0.75], "real values stay as they are");
}

#[test]
fn nan_is_missing_only_where_nothing_is_observed() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "x.npy", &npy("<f4", "(1, 3)", &reals(&[0.5, f32::NAN, 0.25])));
    let given = SenseFile { sense: "image".to_owned(), file: path };
    let circuit = circuit("size: 3");
    let observed = |values: &[f32]| Matrix::from_vec(1, 3, values.to_vec()).unwrap();
    let (shown, _) = evaluation::input(&circuit, &given, Some(&observed(&[1.0, 0.0, 1.0])), None).unwrap();
    assert_eq!(shown.as_slice(), [0.5, 0.0, 0.25]);
    refused(evaluation::input(&circuit, &given, Some(&observed(&[0.0, 1.0, 0.0])), None), &["[0, 1] is NaN", "mask"]);
    refused(evaluation::input(&circuit, &given, None, None), &["[0, 1] is NaN"]);
}

#[test]
fn whole_numbers_for_labels_are_classes() {
    let folder = TempDir::new().unwrap();
    let text = br#"Circuit(
        name: "classes",
        layers: { "z0": (size: 2, sense: "image"), "l": (size: 3, sense: "label"), "z1": (size: 2, beta: 0.1) },
        projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z1", to: "l", feedback: Transposed)],
    )"#;
    let circuit = Circuit::parse(text).unwrap();
    let input = |bytes: Vec<u8>| {
        let path = put(&folder, "l.npy", &bytes);
        evaluation::input(&circuit, &SenseFile { sense: "label".to_owned(), file: path }, None, None)
    };
    let (hot, told) = input(npy("<i8", "(2,)", &longs(&[2, 0]))).unwrap();
    assert_eq!(hot.as_slice(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    assert!(told[0].contains("one-hot"), "{told:?}");
    assert_eq!(input(npy("<i8", "(2, 1)", &longs(&[3, 1]))).unwrap().0.as_slice(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    let (row, _) = input(npy("<i8", "(3,)", &longs(&[0, 1, 0]))).unwrap();
    assert_eq!((row.rows(), row.as_slice()), (1, &[0.0, 1.0, 0.0][..]), "one sample, one-hot");
    refused(input(npy("<i8", "(2,)", &longs(&[4, 0]))), &["labels up to 4"]);
}

// --- Senses by name ------------------------------------------------------------------------------------------------

#[test]
fn every_sense_is_shown_what_is_given_by_its_name() {
    let folder = TempDir::new().unwrap();
    let x = || npy("<f4", "(3, 2)", &reals(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let y = || npy("<f4", "(3,)", &reals(&[-1.0, 0.5, 2.0]));
    let path =
        put(&folder, "d.npz", &archive(&[("a", x()), ("b", y()), ("c", npy("<i8", "(3,)", &longs(&[0, 1, 1])))]));
    let text = br#"Circuit(
        name: "regression",
        layers: {
            "h": (size: 2, beta: 0.1),
            "target": (size: 1, sense: "y"), "source": (size: 2, sense: "x"),
            "l": (size: 2, sense: "label"),
        },
        projections: [
            (from: "h", to: "target", feedback: Transposed), (from: "h", to: "source", feedback: Transposed),
            (from: "h", to: "l", feedback: Transposed),
        ],
    )"#;
    let circuit = Circuit::parse(text).unwrap();
    let options = |words: &[&str]| -> Vec<String> {
        words.iter().map(|word| word.replace("FILE", path.to_str().unwrap())).collect()
    };
    let data = |data: &[&str], test: &[&str]| load_raw(&Source::of_options(&options(data), &options(test))?);
    let given = data(&["x=FILE:a", "y=FILE:b", "label=FILE:c"], &["y=FILE:b", "label=FILE:c", "x=FILE:a"]).unwrap();
    let prepared = prepared(&circuit, given).unwrap();
    let images = &prepared.data.train;
    assert_eq!((images.sense(), images.labels()), (Some("y"), Some(&[0, 1, 1][..])), "the circuit's first sense leads");
    let episode = evaluation::episode(&circuit, images, &[2, 0], Show::Everything).unwrap();
    let shown = |sense: &str| match episode.shown(circuit.sensory(sense).unwrap()) {
        gncn::episode::Shown::All(matrix) => matrix.as_slice().to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!((shown("x"), shown("y")), (vec![5.0, 6.0, 1.0, 2.0], vec![2.0, -1.0]));
    assert_eq!(shown("label"), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(prepared.data.test.as_ref().unwrap().matrix(&[1]).as_slice(), [0.5]);
    assert_eq!(prepared.data.describe().senses.len(), 2);
    let lacking = data(&["x=FILE:a"], &[]).unwrap();
    refused(super::kinds::prepared(&circuit, lacking), &["also has \"y\"", "--data"]);
    let plain = load(&put(&folder, "y.npy", &y())).unwrap_err().to_string();
    assert!(plain.contains("[3]"), "one number for each sample is a target, and no image: {plain}");
    refused(super::kinds::prepared(&circuit, data(&["z=FILE:a"], &[]).unwrap()), &["\"z\"", "\"y\", \"x\", \"label\""]);
    refused(data(&["x=FILE:a", "x=FILE:b"], &[]), &["\"x\" twice"]);
    refused(data(&["x=FILE:a"], &["y=FILE:b"]), &["same senses"]);
    refused(data(&["label=FILE:c"], &[]), &["nothing that is shown beside labels"]);
    refused(data(&["x=FILE:a", "digits"], &[]), &["SENSE=FILE"]);
    refused(data(&["x=FILE:nope"], &[]), &["no array `nope`", "a, b, c"]);
}

#[test]
fn what_a_run_remembers_holds_in_any_folder() {
    let sources = [Source::Path("some/data.npz".into()), Source::of_options(&["x=a.npy:b".to_owned()], &[]).unwrap()];
    for remembered in sources {
        let (text, senses) = remembered.to_remember();
        let again = Source::remembered(text.as_deref(), &senses);
        assert!(again.paths().iter().all(|path| path.is_absolute()), "{again:?}");
    }
    assert_eq!(Source::Name("mnist".into()).to_remember().0.as_deref(), Some("mnist"));
    assert!(source::NAMES.contains(&"digits8x8"));
}

#[test]
fn the_optical_digits_need_no_files() {
    let data = load_raw(&Source::parse(Some("digits8x8"))).unwrap();
    assert_eq!((data.train.count(), data.test.as_ref().map(Images::count), data.classes()), (1500, Some(297), 10));
    let counts = data.train.labels().unwrap().iter().filter(|label| **label == 0).count();
    assert!((100..200).contains(&counts), "{counts} of class 0");
}

// --- Outputs -------------------------------------------------------------------------------------------------------

#[test]
fn outputs_are_never_inputs_and_called_what_they_are() {
    let folder = TempDir::new().unwrap();
    let input = put(&folder, "in/x.npy", b"x");
    let inputs = [input.clone(), folder.path().join("absent.ron")];
    let check = |path: &Path, ending: &str| outputs::check(path, "--out", ending, &inputs);
    refused(check(&input, ""), &["--out would replace a file that this command reads"]);
    refused(check(&folder.path().join("in/../in/x.npy"), ""), &["would replace"]);
    #[cfg(unix)]
    {
        let link = folder.path().join("link.npz");
        std::os::unix::fs::symlink(&input, &link).unwrap();
        refused(check(&link, "npz"), &["would replace"]);
        let hard = folder.path().join("hard");
        fs::hard_link(&input, &hard).unwrap();
        refused(check(&hard, "npz"), &["would replace"]);
    }
    refused(outputs::check(&input, "--out", "npy", &[folder.path().join("in")]), &["would replace a file of"]);
    refused(check(&folder.path().join("s.PNG"), "npz"), &["writes a .npz file", "`.png`"]);
    for fine in ["s.npz", "s", "s.v2", "in/y.npz"] {
        check(&folder.path().join(fine), "npz").unwrap();
    }
}

#[test]
fn places_and_labels_are_whole_numbers() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.npz");
    let mut out = NpzOut::create(&path).unwrap();
    out.integers("label", &[3, -1]).unwrap();
    out.finish().unwrap();
    assert!(npz::read_member(&path, "label").unwrap().is_whole());
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.windows(3).any(|window| window == b"<i8"));
}

#[test]
fn streams_without_an_end_are_refused() {
    if cfg!(target_os = "linux") {
        refused(files::read(Path::new("/dev/zero")), &["/dev/zero", "no regular file"]);
    }
}
