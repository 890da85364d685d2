//! Data: every parser's errors, round trips, the published data sets, splits, batches, drawn digits, pictures.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gncn::Blamed;
use gncn::data::npz::NpzOut;
use gncn::data::source::VARIABLE;
use gncn::data::{Batches, DataError, Dataset, Images, Pixels, Reading, Source, digits, idx, load_from, mat, npy, npz};
use gncn::matrix::Matrix;
use gncn::picture;
use proptest::prelude::*;
use tempfile::TempDir;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two images of 3x2 pixels, the second of them bright.
fn two_images() -> Images {
    Images::new(Pixels::Bytes(vec![0, 127, 128, 255, 1, 2, 200, 210, 220, 230, 240, 250]), None, (3, 2), "two").unwrap()
}

/// The message of an error, which must be one line that names the file, and a wrong request.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, file: &str, wanted: &[&str]) {
    let error = result.expect_err("a wrong request");
    let message = error.to_string();
    assert!(error.is_request(), "{message}");
    assert!(!message.contains('\n'), "one line: {message}");
    for part in [&[file], wanted].concat() {
        assert!(message.contains(part), "`{part}` in: {message}");
    }
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn load_path(path: &Path) -> Result<Dataset, DataError> {
    load_from(&Source::Path(path.to_owned()), None, Reading::default())
}

// --- IDX ---------------------------------------------------------------------------------------------------

#[test]
fn idx_files_round_trip_whatever_their_name_and_compression() {
    let images = two_images();
    let plain = idx::encode_images(&images);
    assert_eq!(idx::images(&plain, "a.gz").unwrap(), images);
    assert_eq!(idx::images(&gzip(&plain), "a").unwrap(), images);
    let labels = idx::encode_labels(&[3, 9]);
    assert_eq!(idx::labels(&labels, "l", Some(10)).unwrap(), [3, 9]);
    assert_eq!(idx::labels(&gzip(&labels), "l", None).unwrap(), [3, 9]);
}

#[test]
fn damaged_idx_files_are_refused() {
    let plain = idx::encode_images(&two_images());
    let packed = gzip(&plain);
    let longer = [&plain[..], &[0]].concat();
    refused(idx::images(&plain[..9], "f"), "f", &["truncated", "header"]);
    refused(idx::images(&[], "f"), "f", &["truncated", "header"]);
    refused(idx::images(&plain[..20], "f"), "f", &["announces 12 bytes, only 4 follow"]);
    refused(idx::images(&longer, "f"), "f", &["announces 12 bytes, more follow"]);
    refused(idx::images(&gzip(&longer), "f"), "f", &["more follow"]);
    refused(idx::images(&packed[..packed.len() - 10], "f"), "f", &["truncated"]);
    let mut corrupt = packed.clone();
    let checksum = corrupt.len() - 8;
    corrupt[checksum] ^= 1;
    refused(idx::images(&corrupt, "f"), "f", &["gzip stream is damaged"]);
    refused(idx::images(&idx::encode_labels(&[1]), "f"), "f", &["0x00000801", "starts with 0x00000803"]);
    refused(idx::labels(&plain, "f", None), "f", &["0x00000803", "starts with 0x00000801"]);
}

#[test]
fn lying_idx_headers_cost_no_memory() {
    let header = |count: u32, height: u32, width: u32| {
        [0x0803, count, height, width].into_iter().flat_map(u32::to_be_bytes).collect::<Vec<u8>>()
    };
    refused(idx::images(&header(u32::MAX, 4096, 4096), "f"), "f", &["only 0 follow"]);
    refused(idx::images(&gzip(&header(u32::MAX, 4096, 4096)), "f"), "f", &["only 0 follow"]);
    refused(idx::images(&header(1, u32::MAX, u32::MAX), "f"), "f", &["4294967295", "1 to 4096"]);
    refused(idx::images(&header(7, 0, 28), "f"), "f", &["28x0", "1 to 4096"]);
    refused(idx::images(&header(0, 28, 28), "f"), "f", &["no images"]);
}

#[test]
fn idx_labels_stay_in_range() {
    let labels = idx::encode_labels(&[0, 9, 10]);
    refused(idx::labels(&labels, "f", Some(10)), "f", &["label 10 of image 2", "0 to 9"]);
    assert_eq!(idx::labels(&labels, "f", None).unwrap(), [0, 9, 10]);
}

// --- Folders and names ---------------------------------------------------------------------------------------

#[test]
fn a_folder_of_idx_files_loads_with_and_without_labels() {
    let folder = TempDir::new().unwrap();
    put(&folder, "train-images-idx3-ubyte", &idx::encode_images(&two_images()));
    let bare = load_path(folder.path()).unwrap();
    assert_eq!((bare.train.count(), bare.train.labels(), bare.classes()), (2, None, 0));
    assert!(bare.test.is_none());
    put(&folder, "train-labels.idx1-ubyte", &idx::encode_labels(&[4, 2]));
    put(&folder, "t10k-images-idx3-ubyte.gz", &gzip(&idx::encode_images(&two_images())));
    let full = load_path(folder.path()).unwrap();
    assert_eq!((full.train.labels(), full.classes()), (Some(&[4, 2][..]), 5));
    assert_eq!(full.test.as_ref().map(Images::count), Some(2));
    assert_ne!(full.digest(), bare.digest());
}

#[test]
fn folders_that_make_no_sense_are_refused() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().display().to_string();
    refused(load_path(folder.path()), &place, &["no data", "train-images-idx3-ubyte"]);
    let labels = put(&folder, "train-labels-idx1-ubyte", &idx::encode_labels(&[1, 2, 3]));
    refused(load_path(folder.path()), &labels.display().to_string(), &["images that they belong to are missing"]);
    put(&folder, "train-images-idx3-ubyte", &idx::encode_images(&two_images()));
    refused(load_path(folder.path()), &labels.display().to_string(), &["3 labels for 2 images"]);
    put(&folder, "train-labels-idx1-ubyte", &idx::encode_labels(&[1, 2]));
    let wide = Images::new(Pixels::Bytes(vec![0; 8]), None, (4, 2), "wide").unwrap();
    put(&folder, "t10k-images-idx3-ubyte", &idx::encode_images(&wide));
    refused(load_path(folder.path()), &place, &["3x2", "4x2"]);
    refused(load_path(&folder.path().join("absent")), "absent", &["can't be read", "exists"]);
    let text = put(&folder, "notes.txt", b"hello");
    refused(load_path(&text), "notes.txt", &["no kind of data"]);
}

#[test]
fn labels_of_a_known_data_set_are_its_ten_classes() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("mnist")).unwrap();
    fs::write(root.path().join("mnist/train-images-idx3-ubyte"), idx::encode_images(&two_images())).unwrap();
    fs::write(root.path().join("mnist/train-labels-idx1-ubyte"), idx::encode_labels(&[1, 77])).unwrap();
    let mnist = Source::parse(Some("mnist"));
    refused(load_from(&mnist, Some(root.path()), Reading::default()), "train-labels", &["label 77 of image 1"]);
}

#[test]
fn the_head_of_kmnist_is_never_called_kmnist() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("kmnist")).unwrap();
    fs::write(root.path().join("kmnist/train-first7011-images-idx3-ubyte"), idx::encode_images(&two_images())).unwrap();
    let data = load_from(&Source::Name("kmnist".into()), Some(root.path()), Reading::default()).unwrap();
    assert_eq!(data.name, "kmnist (subset)");
    assert!(data.describe().notice.is_some_and(|notice| notice.contains("subset")));
}

#[test]
fn unknown_names_are_answered_with_the_legal_ones() {
    let load = |name: &str, root: Option<&Path>| load_from(&Source::Name(name.into()), root, Reading::default());
    refused(
        load("mnits", None),
        "mnits",
        &["did you mean `mnist`?", "digits, mnist, fashion, kmnist, caltech", VARIABLE],
    );
    refused(load("zzzzzzzz", None), "zzzzzzzz", &["legal are digits", VARIABLE]);
    refused(load("mnist", None), "mnist", &["GNCN_DATA is not set", "digits"]);
    refused(load("", None), "``", &["legal are"]);
    let root = TempDir::new().unwrap();
    refused(load("mnist", Some(root.path())), "mnist", &["no folder `mnist`", VARIABLE]);
}

#[test]
fn the_value_of_data_is_a_name_or_a_path() {
    assert_eq!(Source::parse(None), Source::default());
    assert_eq!(Source::parse(Some("digits")), Source::default());
    assert_eq!(Source::parse(Some("fashion")), Source::Name("fashion".into()));
    assert_eq!(Source::parse(Some("./mnist")), Source::Path("./mnist".into()));
    assert_eq!(Source::parse(Some("own.npz")), Source::Path("own.npz".into()));
    assert_eq!(Source::parse(Some("mnits")), Source::Name("mnits".into()));
}

// --- NumPy -----------------------------------------------------------------------------------------------------

/// A `.npy` file; `fortran` is Python's word for whether columns come first.
pub(crate) fn npy_bytes(descriptor: &str, fortran: &str, shape: &str, payload: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descriptor}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(payload);
    bytes
}

fn matrix_of(bytes: &[u8]) -> Result<Matrix, DataError> {
    npy::parse(bytes, bytes.len(), "f.npy")?.into_matrix(false, "f.npy")
}

#[test]
fn every_legal_type_becomes_f32() {
    let expected = Matrix::from_vec(2, 2, vec![1.0, 2.0, 3.0, 0.0]).unwrap();
    let values = [1_i8, 2, 3, 0];
    macro_rules! check {
        ($($descriptor:literal $type:ty),*) => {$(
            let payload: Vec<u8> = values.iter().flat_map(|&value| (value as $type).to_le_bytes()).collect();
            assert_eq!(matrix_of(&npy_bytes($descriptor, "False", "(2, 2)", &payload)).unwrap(), expected, $descriptor);
            let payload: Vec<u8> = values.iter().flat_map(|&value| (value as $type).to_be_bytes()).collect();
            let big = $descriptor.replace('<', ">");
            assert_eq!(matrix_of(&npy_bytes(&big, "False", "(2, 2)", &payload)).unwrap(), expected, "{big}");
        )*};
    }
    check!("<f4" f32, "<f8" f64, "|i1" i8, "|u1" u8, "<i2" i16, "<u2" u16, "<i4" i32, "<u4" u32, "<i8" i64, "<u8" u64);
    let flags = matrix_of(&npy_bytes("|b1", "False", "(1, 3)", &[1, 0, 1])).unwrap();
    assert_eq!(flags.as_slice(), [1.0, 0.0, 1.0]);
}

#[test]
fn fortran_order_is_undone_and_images_are_flattened() {
    // NumPy: a[i, j, k] = 6 i + 3 j + k of shape (2, 2, 3), stored first index fastest.
    let stored = [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11];
    let matrix = matrix_of(&npy_bytes("|u1", "True", "(2, 2, 3)", &stored)).unwrap();
    assert_eq!((matrix.rows(), matrix.cols()), (2, 6));
    assert_eq!(matrix.as_slice(), (0..12).map(|value| value as f32).collect::<Vec<_>>());
}

#[test]
fn one_dimension_is_one_sample_only_where_asked() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "v.npy", &npy_bytes("|u1", "False", "(3,)", &[1, 2, 3]));
    refused(gncn::data::read_matrix(&path), "v.npy", &["shape is [3]", "[samples, size]"]);
    assert_eq!(gncn::data::read_matrix_or_row(&path).unwrap(), Matrix::from_vec(1, 3, vec![1.0, 2.0, 3.0]).unwrap());
}

#[test]
fn bad_npy_files_are_refused() {
    let refuse = |bytes: &[u8], wanted: &[&str]| refused(matrix_of(bytes), "f.npy", wanted);
    let ones: Vec<u8> = [1.0_f32, f32::NAN, 1.0, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    refuse(&npy_bytes("<f4", "False", "(2, 2)", &ones), &["[0, 1] is NaN", "finite"]);
    refuse(&npy_bytes("<f8", "False", "(1, 1)", &1e300_f64.to_le_bytes()), &["[0, 0] is inf"]);
    refuse(&npy_bytes("<f2", "False", "(1, 1)", &[0, 0]), &["`<f2`", "float32", "astype"]);
    refuse(&npy_bytes("<c8", "False", "(1, 1)", &[0; 8]), &["`<c8`"]);
    refuse(&npy_bytes("<U4", "False", "(1, 1)", &[0; 16]), &["`<U4`"]);
    refuse(&npy_bytes("|O", "False", "(1, 1)", &[0; 8]), &["`|O`"]);
    refuse(&npy_bytes("|u1", "False", "(2, 2)", &[1, 2, 3]), &["announces 4 bytes", "only 3 follow"]);
    refuse(&npy_bytes("|u1", "False", "(2, 2)", &[1; 5]), &["announces 4 bytes", "more follow"]);
    refuse(&npy_bytes("|u1", "False", "(1099511627776, 4096)", &[1; 5]), &["only 5 follow"]);
    refuse(&npy_bytes("<f8", "False", "(18446744073709551615, 9)", &[]), &["announces the shape"]);
    refuse(&npy_bytes("|u1", "False", "(0, 18446744073709551615)", &[]), &["announces the shape", "at least one"]);
    refuse(&npy_bytes("|u1", "False", "(2, 1, 1, 1, 1)", &[0, 0]), &["[2, 1, 1, 1, 1]"]);
    refuse(&npy_bytes("|u1", "False", "()", &[0]), &["shape is []"]);
    refuse(b"\x93NUMPY\x01\x00\xff", &["ends within its header"]);
    refuse(b"PK not numpy", &["signature"]);
    refuse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff", &["claims 4294967295 bytes"]);
    let nested = [b"\x93NUMPY\x01\x00\x10\x27".as_slice(), &[b'('; 10_000]].concat();
    refuse(&nested, &["malformed"]);
}

#[test]
fn npz_files_round_trip_and_name_their_members() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.npz");
    let matrix = Matrix::from_fn(3, 2, |i, j| i as f32 - j as f32 / 3.0);
    let mut out = NpzOut::create(&path).unwrap();
    out.matrix("state.z1", &matrix).unwrap();
    assert!(!path.exists(), "it has no name before it is whole");
    out.vector("energy.z1", &[0.1, -2.5]).unwrap();
    out.finish().unwrap();
    let names: Vec<String> = npz::read(&path).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["state.z1", "energy.z1"]);
    assert_eq!(npz::read_member(&path, "state.z1").unwrap().into_matrix(false, "f").unwrap(), matrix);
    let member = PathBuf::from(format!("{}:state.z1", path.display()));
    assert_eq!(gncn::data::read_matrix(&member).unwrap(), matrix);
    let absent = PathBuf::from(format!("{}:mean.z1", path.display()));
    refused(gncn::data::read_matrix(&absent), "out.npz", &["no array `mean.z1`", "state.z1, energy.z1"]);
    refused(gncn::data::read_matrix(&path), "out.npz", &["2 arrays", "FILE.npz:NAME"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn an_abandoned_npz_file_leaves_what_was_there() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "out.npz", b"old");
    let mut out = NpzOut::create(&path).unwrap();
    out.vector("energy", &[1.0]).unwrap();
    drop(out);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    refused(npz::read(&path), "out.npz", &["can't be opened", "savez"]);
}

#[test]
fn a_failed_write_is_a_failed_run_and_not_a_wrong_request() {
    let error = NpzOut::create(Path::new("/nowhere/at/all.npz")).map(drop).unwrap_err();
    assert!(!error.is_request());
    let error = picture::write(Path::new("/nowhere/at/all.png"), b"x").unwrap_err();
    assert!(!error.is_request());
    assert!(error.to_string().contains("/nowhere/at/all.png"), "{error}");
}

#[test]
fn arrays_become_data_sets() {
    let folder = TempDir::new().unwrap();
    let single = put(&folder, "own.npy", &npy_bytes("|u1", "False", "(3, 4)", &[0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1]));
    let data = load_path(&single).unwrap();
    assert_eq!((data.name.as_str(), data.train.width(), data.train.height()), ("own", 2, 2));
    assert_eq!(data.train.matrix(&[2]).as_slice(), [0.0, 0.0, 0.0, 1.0], "zeros and ones are meant as such");
    let folder = TempDir::new().unwrap();
    put(
        &folder,
        "x_train.npy",
        &npy_bytes("<i8", "False", "(1, 1, 2)", &[&200_i64.to_le_bytes()[..], &[0; 8]].concat()),
    );
    put(&folder, "y_train.npy", &npy_bytes("<i8", "False", "(1,)", &7_i64.to_le_bytes()));
    put(&folder, "test.npy", &npy_bytes("<f4", "False", "(1, 1, 2)", &[0.5_f32, 0.49].map(f32::to_le_bytes).concat()));
    let data = load_path(folder.path()).unwrap();
    assert_eq!((data.classes(), data.train.matrix(&[0]).as_slice()), (8, &[1.0, 0.0][..]));
    assert_eq!(data.test_or_train().matrix(&[0]).as_slice(), [1.0, 0.0]);
    let folder = TempDir::new().unwrap();
    put(&folder, "labels.npy", &npy_bytes("|u1", "False", "(1,)", &[1]));
    put(&folder, "test.npy", &npy_bytes("|u1", "False", "(1, 1)", &[1]));
    refused(load_path(folder.path()), "", &["labels without images"]);
}

#[test]
fn values_that_are_no_pixels_are_refused() {
    let folder = TempDir::new().unwrap();
    let real =
        put(&folder, "z.npy", &npy_bytes("<f4", "False", "(1, 2)", &[0.5_f32, -3.0].map(f32::to_le_bytes).concat()));
    refused(load_path(&real), "z", &["[0, 1] is -3", "`read: Grey`"]);
    let grey = load_from(&Source::Path(real), None, Reading::Grey).unwrap();
    assert_eq!(grey.train.matrix(&[0]).as_slice(), [0.5, -3.0]);
    let whole = put(&folder, "i.npy", &npy_bytes("<i2", "False", "(1, 1)", &300_i16.to_le_bytes()));
    refused(load_path(&whole), "i", &["300", "0 to 255", "read: Raw"]);
    let folder = TempDir::new().unwrap();
    put(&folder, "train.npy", &npy_bytes("|u1", "False", "(1, 1)", &[9]));
    put(&folder, "train_labels.npy", &npy_bytes("<f4", "False", "(1,)", &1.5_f32.to_le_bytes()));
    refused(load_path(folder.path()), "", &["labels is 1.5", "whole numbers"]);
}

// --- MATLAB ------------------------------------------------------------------------------------------------------

fn element(kind: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), u32::try_from(content.len()).unwrap().to_le_bytes()].concat();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// A `uint8` matrix, column-major.
fn variable(name: &str, rows: u32, cols: u32, values: &[u8]) -> Vec<u8> {
    let dimensions = [rows.to_le_bytes(), cols.to_le_bytes()].concat();
    let parts = [
        element(6, &[9, 0, 0, 0, 0, 0, 0, 0]),
        element(5, &dimensions),
        element(1, name.as_bytes()),
        element(2, values),
    ];
    element(14, &parts.concat())
}

fn mat_file(variables: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![b' '; 124];
    bytes.extend(b"\x00\x01IM");
    for variable in variables {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(variable).unwrap();
        let packed = encoder.finish().unwrap();
        bytes.extend(15_u32.to_le_bytes());
        bytes.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        bytes.extend(packed);
    }
    bytes
}

/// One 2x2 image per split whose lower left pixel is the object: index 1 of a column-major image is (1, 0).
fn silhouettes() -> Vec<Vec<u8>> {
    ["train", "val", "test"]
        .iter()
        .flat_map(|split| {
            let data = variable(&format!("{split}_data"), 1, 4, &[1, 0, 1, 1]);
            [data, variable(&format!("{split}_labels"), 1, 1, &[3])]
        })
        .collect()
}

#[test]
fn silhouettes_stand_upright_with_the_object_at_one() {
    let data = mat::silhouettes(&mat_file(&silhouettes()), "caltech", "f.mat").unwrap();
    assert_eq!(data.train.matrix(&[0]).as_slice(), [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(data.train.labels(), Some(&[2, 2][..]), "labels count from 0");
    let split = data.split(99);
    assert_eq!((split.train, split.validation), (vec![0], vec![1]), "the published validation split");
}

#[test]
fn damaged_mat_files_are_refused() {
    let refuse = |bytes: &[u8], wanted: &[&str]| refused(mat::silhouettes(bytes, "c", "f.mat"), "f.mat", wanted);
    let whole = mat_file(&silhouettes());
    refuse(b"short", &["ends within its header"]);
    refuse(&[0; 200], &["header isn't that of"]);
    refuse(&whole[..whole.len() - 5], &["ends within an element"]);
    refuse(&mat_file(&silhouettes()[..4]), &["no array `test_data`", "train_data, val_data"]);
    let mut flipped = whole.clone();
    flipped[128 + 8 + 20] ^= 0xff;
    refuse(&flipped, &["f.mat"]);
    refuse(&mat_file(&[variable("train_data", 3, 4, &[1; 4])]), &["announced as 3x4 and holds 4"]);
    let mut wrong = silhouettes();
    wrong[0] = variable("train_data", 1, 4, &[1, 0, 2, 1]);
    refuse(&mat_file(&wrong), &["`train_data` holds other values than 0 and 1"]);
    wrong[0] = variable("train_data", 1, 3, &[1, 0, 1]);
    refuse(&mat_file(&wrong), &["1x3", "square"]);
    wrong[0] = variable("train_data", 2, 4, &[1; 8]);
    refuse(&mat_file(&wrong), &["2 rows"]);
}

// --- Splits, batches, batches of labels --------------------------------------------------------------------------

fn blank(count: usize) -> Dataset {
    let images = Images::new(Pixels::Bytes(vec![0; count]), None, (1, 1), "blank").unwrap();
    Dataset::new("blank", images, None, "blank").unwrap()
}

#[test]
fn a_split_follows_from_its_seed() {
    let data = blank(60_000);
    let split = data.split(7);
    assert_eq!(split.validation.len(), 2000);
    let mut all = [split.train.clone(), split.validation.clone()].concat();
    assert!(split.train.is_sorted() && split.validation.is_sorted());
    all.sort_unstable();
    assert!(all.into_iter().eq(0..60_000), "each image is on one side");
    assert_eq!(split, data.split(7));
    assert_ne!(split, data.split(8));
    assert_eq!(blank(6000).split(7).validation.len(), 600);
    assert_eq!(blank(5).split(7).validation.len(), 0);
}

#[test]
fn an_epoch_follows_from_seed_and_number() {
    let indices: Vec<usize> = (100..145).collect();
    let batches = Batches::new(&indices, 20, 3, 5);
    assert_eq!(batches.iter().map(<[_]>::len).collect::<Vec<_>>(), [20, 20, 5], "the last batch is short");
    assert_eq!((batches.len(), batches.get(2)), (3, batches.iter().next_back().unwrap()));
    let mut all = batches.iter().flatten().copied().collect::<Vec<_>>();
    assert_ne!(all, indices);
    all.sort_unstable();
    assert_eq!(all, indices);
    assert_eq!(batches, Batches::new(&indices, 20, 3, 5));
    assert_ne!(batches, Batches::new(&indices, 20, 3, 6));
    assert_ne!(batches, Batches::new(&indices, 20, 4, 5));
    assert_eq!(Batches::in_order(&indices, 20).get(0), &indices[..20]);
}

#[test]
fn shuffles_are_pinned() {
    // Were this to change, a run could not be resumed by a newer build.
    let indices: Vec<usize> = (0..10).collect();
    assert_eq!(Batches::new(&indices, 10, 0, 0).get(0), PINNED_SHUFFLE);
}

const PINNED_SHUFFLE: [usize; 10] = [7, 5, 3, 1, 0, 2, 8, 6, 9, 4];

#[test]
fn pixels_are_binarised_at_one_half() {
    let mut out = Matrix::zeros(2, 6);
    two_images().fill(&[1, 0], &mut out);
    assert_eq!(out.row(0), [1.0; 6]);
    assert_eq!(out.row(1), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0], "127/255 is below one half and 128/255 above");
    let grey = two_images().with_reading(Reading::Grey, "two").unwrap().matrix(&[0]);
    assert_eq!(grey.as_slice()[1..4], [127.0 / 255.0, 128.0 / 255.0, 1.0]);
}

#[test]
fn labels_become_one_hot_rows() {
    let images = two_images();
    let mut out = Matrix::zeros(2, 4);
    assert!(!images.fill_one_hot(&[0, 1], &mut out));
    let images = images.with_labels(vec![3, 1], "two").unwrap();
    assert!(images.fill_one_hot(&[1, 0], &mut out));
    assert_eq!(out.as_slice(), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn images_and_labels_must_agree() {
    refused(two_images().with_labels(vec![1], "f"), "f", &["1 labels for 2 images"]);
    refused(Images::new(Pixels::Bytes(vec![0; 7]), None, (3, 2), "f"), "f", &["7 pixels", "3x2"]);
    refused(Images::new(Pixels::Bytes(vec![]), None, (3, 2), "f"), "f", &["no images"]);
}

// --- Drawn digits --------------------------------------------------------------------------------------------------

#[test]
fn drawn_digits_are_the_same_everywhere() {
    let data = digits::generate(0, digits::TRAIN, digits::TEST).unwrap();
    assert_eq!(data.digest(), PINNED_DIGITS, "the embedded data set has changed: every published run would");
    let Pixels::Bytes(pixels) = data.train.pixels() else { panic!("digits are bytes") };
    assert_eq!(pixels[4321 * 784..4322 * 784], digits::draw(0, digits::Part::Train, 4321), "each image alone");
    assert_ne!(digits::draw(0, digits::Part::Train, 1), digits::draw(0, digits::Part::Test, 1));
    assert_ne!(data.digest(), digits::generate(1, digits::TRAIN, digits::TEST).unwrap().digest());
}

const PINNED_DIGITS: &str = "f27b8f9a8b07ecc4255e23ebfa7a5e1c0d12320cb74e6d1dffb807c0d9e1021b";

#[test]
fn drawn_digits_are_balanced_and_on_the_canvas() {
    let data = digits::generate(0, digits::TRAIN, digits::TEST).unwrap();
    let test = data.test.as_ref().unwrap();
    for (images, each) in [(&data.train, 600), (test, 100)] {
        assert_eq!(label_counts(images), vec![each; 10]);
        for image in 0..images.count() {
            let ink: f32 = images.matrix(&[image]).as_slice().iter().sum();
            assert!((12.0..300.0).contains(&ink), "image {image} has {ink} pixels of ink");
        }
    }
    refused(digits::generate(0, 0, 5), "digits", &["no images"]);
    assert!(digits::generate(0, 5, 0).unwrap().test.is_none());
}

fn label_counts(images: &Images) -> Vec<usize> {
    let labels = images.labels().expect("labels");
    let mut counts = vec![0; usize::from(*labels.iter().max().expect("a label")) + 1];
    labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
    counts
}

// --- The published data sets, where they are -------------------------------------------------------------------------

/// The digests were computed by an independent parser (Python's standard library) from files whose MD5 sums are the
/// published ones.
#[test]
fn published_data_sets_are_read_to_the_byte() {
    let Some(root) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("skipped: {VARIABLE} is not set, so the published data sets were not read");
        return;
    };
    let digests = [
        ("mnist", 60_000, 10_000, "0ed0ede7a5e217fe991d69e9a43b3934983ba49fe7fd5cddb05169d3b60c8249"),
        ("fashion", 60_000, 10_000, "39d44e897100230761cea20c35aeaacec7c4ec42e7719f66b4f73b1505c8f92e"),
        ("kmnist", 7011, 10_000, "80332dfaaf54c1e732304411f4c3f46b8c92351fb23c1baf87b31a6cbf3f5c2b"),
        ("caltech", 6364, 2307, "fdbf0ee67c39bbfc990c1252f60b04eff124aa21f963bda6ed3f09a3804b8558"),
    ];
    for (name, train, test, digest) in digests {
        let data = match load_from(&Source::Name(name.into()), Some(&root), Reading::default()) {
            Err(DataError::Name { problem, .. }) => {
                eprintln!("skipped: {problem}");
                continue;
            }
            data => data.unwrap(),
        };
        let found = data.describe();
        assert_eq!((found.train, found.test, found.digest.as_str()), (train, test, digest), "{name}");
        facts(name, &data);
    }
}

fn facts(name: &str, data: &Dataset) {
    let test = data.test.as_ref().unwrap();
    match name {
        "mnist" => {
            assert_eq!(label_counts(&data.train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
            assert_eq!(label_counts(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        }
        "fashion" => {
            assert_eq!((label_counts(&data.train), label_counts(test)), (vec![6000; 10], vec![1000; 10]));
            let Pixels::Bytes(pixels) = data.train.pixels() else { panic!("bytes") };
            let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / pixels.len() as f64 / 255.0;
            assert!((mean - 0.28604).abs() < 1e-5, "{mean}");
        }
        "kmnist" => {
            assert_eq!(label_counts(test), vec![1000; 10]);
            assert!(data.notice.is_some());
        }
        _ => {
            assert_eq!(data.classes(), 101);
            assert_eq!(data.split(0).validation, (4100..6364).collect::<Vec<_>>());
        }
    }
}

// --- Pictures --------------------------------------------------------------------------------------------------------

fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (reader.info().width, reader.info().height, pixels)
}

#[test]
fn tiles_stand_where_they_should() {
    let (above, below) = ([0.0, 1.0], [0.5, f32::NAN]);
    let bytes = picture::grid(&[vec![&above], vec![&below]], 2, 1, 1).unwrap();
    let line = 96;
    let expected = [[line; 4], [line, 0, 255, line], [line; 4], [line, 128, 0, line], [line; 4]].concat();
    assert_eq!(decoded(&bytes), (4, 5, expected));
    let (width, height, _) = decoded(&picture::grid(&[vec![&above, &below], vec![&above]], 2, 1, 3).unwrap());
    assert_eq!((width, height), (15, 9));
}

#[test]
fn receptive_fields_are_grey_at_zero_and_symmetric() {
    let field = [-2.0, 0.0, 1.0];
    let (.., pixels) = decoded(&picture::fields(&[&field, &[0.0; 3]], 1, 3, 1, 1).unwrap());
    assert_eq!(pixels[6..9], [1, 128, 192]);
    assert_eq!(pixels[16..19], [128; 3], "a field of zeros is grey");
    refused(picture::grid(&[], 28, 28, 2), "picture", &["nothing to show"]);
}

// --- Anything at all ---------------------------------------------------------------------------------------------------

/// Calls every parser, which may say no and may not panic.
fn parse_all(bytes: &[u8]) {
    let _ = idx::images(bytes, "f");
    let _ = idx::labels(bytes, "f", Some(10));
    let _ = npz::parse(bytes, "f");
    let _ = mat::silhouettes(bytes, "c", "f");
    if let Ok(array) = npy::parse(bytes, bytes.len(), "f") {
        let _ = (array.clone().into_images("f"), array.clone().into_labels("f"), array.into_matrix(true, "f"));
    }
}

/// Complete files of every kind, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s.npz");
    let mut out = NpzOut::create(&path).unwrap();
    out.matrix("a", &Matrix::identity(3)).unwrap();
    out.finish().unwrap();
    let images = idx::encode_images(&two_images());
    let plain: Vec<u8> = [vec![b' '; 124], b"\x00\x01IM".to_vec(), silhouettes().concat()].concat();
    vec![
        gzip(&images),
        images,
        idx::encode_labels(&[1, 2]),
        npy_bytes("<f4", "True", "(2, 1, 2)", &[0; 16]),
        fs::read(path).unwrap(),
        mat_file(&silhouettes()),
        plain,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        parse_all(&bytes);
    }

    #[test]
    fn random_npy_headers_never_panic(header in "[ {}()\\[\\]'\"a-z0-9:,<>|_TF-]{0,120}", tail in any::<[u8; 8]>()) {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16 + 1).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.push(b'\n');
        bytes.extend(tail);
        parse_all(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(
        which in 0_usize..7,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = seeds().swap_remove(which);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        parse_all(&bytes);
    }
}
