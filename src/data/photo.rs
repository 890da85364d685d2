//! Pictures as people have them: PNG and JPEG files, and folders of them with a folder for each class.

use std::path::{Path, PathBuf};

use super::images::{Grid, Images};
use super::samples::{Pixels, Samples};
use super::{DataError, bounded};

/// The most values of one picture, as many as 8,192 × 8,192 grey pixels: a few bytes can claim any number, and each becomes
/// four bytes of an array.
#[cfg(feature = "pictures")]
const LARGEST: usize = 1 << 26;
#[cfg(feature = "pictures")]
const DAMAGED: &str = "the file is damaged: save the picture again";

/// One picture: its shape, and its bytes with channels last.
#[derive(Debug)]
pub(super) struct Photo {
    pub(super) grid: Grid,
    pub(super) bytes: Vec<u8>,
}

/// Whether the bytes begin as a PNG or JPEG file does.
pub(super) fn is_photo(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// Whether a file is called like a picture.
pub(super) fn is_named_photo(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["png", "jpg", "jpeg"].contains(&ending.as_str()))
}

/// The picture in the bytes of a PNG or JPEG file: grey or in colours, 8 bits each.
///
/// # Errors
/// Where the bytes are no complete picture, or a part of it is transparent, which no sense can be shown.
#[cfg(feature = "pictures")]
pub(super) fn parse(bytes: &[u8], file: &str) -> Result<Photo, DataError> {
    if bytes.starts_with(b"\x89PNG") { of_png(bytes, file) } else { of_jpeg(bytes, file) }
}

/// Refuses: without the feature `pictures` there is nothing that reads them.
#[cfg(not(feature = "pictures"))]
pub(super) fn parse(_bytes: &[u8], file: &str) -> Result<Photo, DataError> {
    Err(DataError::content(file, "it is a picture, which this gncn can't read", "build it with the feature `pictures`"))
}

#[cfg(feature = "pictures")]
fn of_png(bytes: &[u8], file: &str) -> Result<Photo, DataError> {
    let bad = |cause: String| DataError::content(file, format!("it can't be read as PNG ({cause})"), DAMAGED);
    // What a row and the decoder's own tables take comes on top.
    let limits = png::Limits { bytes: 2 * LARGEST };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|cause| bad(cause.to_string()))?;
    let (width, height) = reader.info().size();
    let size = reader.output_buffer_size().filter(|size| *size <= LARGEST);
    let size = size.ok_or_else(|| too_large((width as usize, height as usize), file))?;
    let mut content = vec![0; size];
    let frame = reader.next_frame(&mut content).map_err(|cause| bad(cause.to_string()))?;
    content.truncate(frame.buffer_size());
    let samples = frame.color_type.samples();
    let channels = if samples % 2 == 0 { samples - 1 } else { samples };
    if channels != samples {
        content = opaque(&content, samples, file)?;
    }
    let grid = Grid { width: frame.width as usize, height: frame.height as usize, channels };
    Ok(Photo { grid, bytes: content })
}

#[cfg(feature = "pictures")]
fn too_large((width, height): (usize, usize), file: &str) -> DataError {
    let problem =
        format!("it claims {width} × {height} pixels, more than the {LARGEST} values that a picture may have");
    DataError::content(file, problem, "scale it down, as by `convert FILE -resize 512x512 OUT`, or save it again")
}

/// Pixels without their last channel, which says how opaque they are, where they are so altogether.
#[cfg(feature = "pictures")]
fn opaque(content: &[u8], samples: usize, file: &str) -> Result<Vec<u8>, DataError> {
    if content.chunks_exact(samples).any(|pixel| pixel[samples - 1] != 255) {
        let next = "put it on a ground of one colour first, as by `convert FILE -background white -flatten OUT`";
        return Err(DataError::content(file, "parts of it are transparent", next));
    }
    Ok(content.chunks_exact(samples).flat_map(|pixel| &pixel[..samples - 1]).copied().collect())
}

#[cfg(feature = "pictures")]
fn of_jpeg(bytes: &[u8], file: &str) -> Result<Photo, DataError> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let bad = |cause: String| DataError::content(file, format!("it can't be read as JPEG ({cause})"), DAMAGED);
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(1 << 14).set_max_height(1 << 14);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|cause| bad(cause.to_string()))?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (width, height) = decoder.dimensions().ok_or_else(|| bad("it has no size".to_owned()))?;
    let grid = Grid { width, height, channels: if is_grey { 1 } else { 3 } };
    if grid.size() > LARGEST {
        return Err(too_large((width, height), file));
    }
    let wanted = if is_grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let content = decoder.decode().map_err(|cause| bad(cause.to_string()))?;
    if content.len() != grid.size() {
        return Err(bad(format!("it has {} values instead of {}", content.len(), grid.size())));
    }
    Ok(Photo { grid, bytes: content })
}

/// A folder with a folder of pictures for each class, in the order of the labels.
#[derive(Debug, Default)]
pub(super) struct Classes {
    names: Vec<String>,
}

impl Classes {
    /// The classes that the folders within `folder` stand for: by number where all are numbers, else by name.
    ///
    /// # Errors
    /// Where there are more than 256, or numbers above 255.
    pub(super) fn of(folders: &[PathBuf], shown: &str) -> Result<Self, DataError> {
        let name =
            |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let names: Vec<String> = folders.iter().map(name).collect();
        if names.len() > 256 {
            let problem = format!("it has {} folders, and so as many classes", names.len());
            return Err(DataError::content(shown, problem, "at most 256 classes are possible"));
        }
        Ok(Self { names })
    }

    /// The label of a class. Folders that are called by numbers keep them.
    fn label(&self, at: usize) -> u8 {
        let numbers: Option<Vec<u8>> = self.names.iter().map(|name| name.parse().ok()).collect();
        numbers.map_or(at as u8, |numbers| numbers[at])
    }

    /// `0 = cat, 1 = dog`
    pub(super) fn told(&self) -> String {
        let of = |(at, name): (usize, &String)| format!("{} = {name}", self.label(at));
        let mut told: Vec<String> = self.names.iter().enumerate().take(12).map(of).collect();
        if self.names.len() > told.len() {
            told.push("...".to_owned());
        }
        told.join(", ")
    }

    /// The same classes, in the same order?
    pub(super) fn are(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

/// Folders of pictures as images with labels, class by class.
///
/// # Errors
/// Where a picture can't be read, they differ in shape, or there are none.
pub(super) fn images(folders: &[PathBuf], classes: &Classes, shown: &str) -> Result<Images, DataError> {
    let mut gathered = Gathered::default();
    let mut labels = Vec::new();
    for (at, folder) in folders.iter().enumerate() {
        for path in files(folder)? {
            gathered.add(&path)?;
            labels.push(classes.label(at));
        }
    }
    gathered.finish(shown)?.with_labels(labels, shown)
}

/// A folder of pictures without classes.
///
/// # Errors
/// As [`images`].
pub(super) fn unlabelled(folder: &Path, shown: &str) -> Result<Images, DataError> {
    let mut gathered = Gathered::default();
    for path in files(folder)? {
        gathered.add(&path)?;
    }
    gathered.finish(shown)
}

/// The pictures of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |cause| DataError::read(folder, cause);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_named_photo(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Pictures of one shape, one after another.
#[derive(Default)]
struct Gathered {
    first: Option<(Grid, PathBuf)>,
    bytes: Vec<u8>,
}

impl Gathered {
    fn add(&mut self, path: &Path) -> Result<(), DataError> {
        let file = path.display().to_string();
        let photo = parse(&bounded::read(path)?, &file)?;
        let (grid, first) = self.first.get_or_insert_with(|| (photo.grid, path.to_owned()));
        if *grid != photo.grid {
            let problem = format!("it is {}, but {} is {grid}", photo.grid, first.display());
            let next = "all pictures must have one size, and all be grey or all in colours; convert them first";
            return Err(DataError::content(&file, problem, next));
        }
        self.bytes.extend(photo.bytes);
        Ok(())
    }

    fn finish(self, shown: &str) -> Result<Images, DataError> {
        let Some((grid, _)) = self.first else {
            return Err(DataError::content(shown, "it holds no pictures", "PNG and JPEG files are read"));
        };
        Ok(Images::from_samples(Samples::new(Pixels::Bytes(self.bytes), grid.size(), shown)?, grid))
    }
}
