//! Weights in parts: of a file that no machine could hold each rank of a job reads what it keeps, and all of them write one
//! together, tensor by tensor. The files are those of [`super::weights`], to the byte.

use super::StoreError;
use super::weights::{self, DIGEST, INDEX, PREFIX};
use crate::data::DataError;
use crate::data::atomic::Pending;
use crate::data::digest::hexadecimal;
use crate::learning::Moments;
use crate::network::{Network, Tensors};
use crate::ranks::{Packet, Ranks, Unpack};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that are read, told or written at once.
const CHUNK: usize = 16 << 20;

/// What was read of a file.
#[derive(Debug, Default)]
pub struct PartRead {
    /// The tensors that are kept.
    pub tensors: Tensors,
    /// What optimisers remember of those, by the name of what they ascend.
    pub moments: BTreeMap<String, Moments>,
    /// Digest of the whole file.
    pub digest: String,
}

/// Reads the tensors of a file that `keeps` names, and no more than one chunk beside them; what was learned of others is
/// looked at for the digest.
///
/// # Errors
/// As [`weights::load`]; numbers of other kinds than f32 and, in lists of neurons, i32 are refused.
pub fn load(path: &Path, keeps: &dyn Fn(&str) -> bool) -> Result<PartRead, StoreError> {
    let read = |cause| StoreError::from(DataError::read(path, cause));
    let mut file = File::open(path).map_err(read)?;
    let header = header(&mut file, path)?;
    let start = 8 + header.0;
    let (mut arrays, mut all) = (HashMap::new(), Sha256::new());
    let infos: BTreeMap<String, TensorInfo> =
        header.1.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
    for (name, info) in &infos {
        let is_index = name.ends_with(INDEX);
        if info.dtype != Dtype::F32 && !(is_index && info.dtype == Dtype::I32) {
            let problem = format!("tensor \"{name}\" is {:?}; ranks read parts of files of F32", info.dtype);
            return Err(StoreError::content(path, problem));
        }
        weights::hash_name(&mut all, name, &info.shape);
        let is_kept = keeps(weights::bare_name(name));
        let mut values = Vec::new();
        file.seek(SeekFrom::Start(start + info.data_offsets.0 as u64)).map_err(read)?;
        let mut left = info.data_offsets.1 - info.data_offsets.0;
        while left > 0 {
            let mut chunk = vec![0; left.min(CHUNK)];
            file.read_exact(&mut chunk).map_err(read)?;
            left -= chunk.len();
            let words = chunk.as_chunks::<4>().0;
            let numbers = words.iter().map(|word| match info.dtype {
                Dtype::F32 => f32::from_le_bytes(*word),
                _ => i32::from_le_bytes(*word) as f32,
            });
            let mut hashed = Vec::with_capacity(chunk.len());
            numbers.clone().for_each(|value| hashed.extend(value.to_le_bytes()));
            all.update(&hashed);
            if is_kept {
                values.extend(numbers);
            }
        }
        if is_kept {
            arrays.insert(name.clone(), (info.shape.clone(), values));
        }
    }
    let digest = format!("{PREFIX}{}", hexadecimal(all));
    let stated = header.1.metadata().as_ref().and_then(|metadata| metadata.get(DIGEST));
    if stated.is_some_and(|stated| stated.starts_with(PREFIX) && *stated != digest) {
        return Err(weights::damaged(path));
    }
    let (learned, tensors): (HashMap<_, _>, HashMap<_, _>) =
        arrays.into_iter().partition(|(name, _)| weights::bare_name(name) != name);
    Ok(PartRead { tensors: weights::matrices(path, tensors)?, moments: weights::moments_of(learned), digest })
}

/// The header of a file, with its length.
fn header(file: &mut File, path: &Path) -> Result<(u64, Metadata), StoreError> {
    let read = |cause| StoreError::from(DataError::read(path, cause));
    let there = file.metadata().map_err(read)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(read)?;
    let count = u64::from_le_bytes(length);
    let torn = |cause: String| {
        StoreError::content(
            path,
            format!("is not a whole safetensors file ({cause}); write it again, or take another one"),
        )
    };
    if count > there.saturating_sub(8) {
        return Err(torn("its header is longer than the file".to_owned()));
    }
    let mut text = Vec::new();
    file.take(count).read_to_end(&mut text).map_err(read)?;
    let header: Metadata = serde_json::from_slice(&text).map_err(|cause| torn(cause.to_string()))?;
    let end = header.tensors().values().map(|info| info.data_offsets.1 as u64).max().unwrap_or(0);
    if 8 + count + end != there {
        return Err(torn("it ends before its tensors do, or behind them".to_owned()));
    }
    Ok((count, header))
}

/// Writes what `network` has learned, and what its optimisers remember, as [`weights::save_learning`] does, from ranks each of
/// which has some of the synapses: whole or not at all. All ranks call it; the leading one writes.
///
/// # Errors
/// [`StoreError`] where the file can't be written, on the leading rank.
pub fn save_learning(path: &Path, ranks: &Ranks, network: &Network) -> Result<(), StoreError> {
    let own = weights::learned(network);
    let all = shapes(ranks, &own);
    let mut sink = match ranks.leads() {
        true => Some(Sink::begin(path, &all)),
        false => None,
    };
    for (name, (owner, shape)) in in_file_order(&all) {
        let length = shape.iter().product::<usize>();
        let values = own.get(name).filter(|_| *owner == ranks.rank()).map(|matrix| matrix.as_slice());
        for at in (0..length).step_by(CHUNK / 4) {
            let part = values.map_or(&[][..], |values| &values[at..(at + CHUNK / 4).min(length)]);
            let told = ranks.gather(bytemuck::cast_slice(part));
            let told = told.of(*owner);
            if let Some(Ok(open)) = &mut sink
                && let Err(error) = open.write(path, name, told)
            {
                // The others go on telling, and nobody waits for anybody.
                sink = Some(Err(error));
            }
        }
    }
    sink.map_or(Ok(()), |sink| sink.and_then(|open| open.end(path, &all)))
}

/// By name: the first rank that has a tensor, and its shape in files.
fn shapes(ranks: &Ranks, own: &Tensors) -> BTreeMap<String, (usize, Vec<usize>)> {
    let told: Vec<(&String, Vec<usize>)> = own.iter().map(|(name, matrix)| (name, matrix.shape_in_files())).collect();
    let mut packet = Packet::default();
    packet.put_counted(&serde_json::to_vec(&told).expect("plain data"));
    let told = ranks.gather(packet.bytes());
    let mut all = BTreeMap::new();
    for rank in 0..ranks.size() {
        let bytes: Vec<u8> = Unpack::new(told.of(rank)).take_counted();
        let has: Vec<(String, Vec<usize>)> = serde_json::from_slice(&bytes).expect("as it was put");
        for (name, shape) in has {
            all.entry(name).or_insert((rank, shape));
        }
    }
    all
}

fn kind(name: &str) -> Dtype {
    if name.ends_with(INDEX) { Dtype::I32 } else { Dtype::F32 }
}

type Shapes = BTreeMap<String, (usize, Vec<usize>)>;

/// As safetensors lays them out: by kind, then by name.
fn in_file_order(all: &Shapes) -> Vec<(&String, &(usize, Vec<usize>))> {
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by(|(left, _), (right, _)| kind(right).cmp(&kind(left)).then(left.cmp(right)));
    order
}

/// The file that is being written.
struct Sink {
    pending: Pending,
    file: File,
}

impl Sink {
    /// Leaves room for the header, whose length its digest doesn't change.
    fn begin(path: &Path, all: &Shapes) -> Result<Self, StoreError> {
        let (pending, mut file) = Pending::create(path)?;
        let header = header_bytes(path, all, &format!("{PREFIX}{}", "0".repeat(64)))?;
        file.write_all(&header).map_err(|cause| DataError::write(path, cause))?;
        Ok(Self { pending, file })
    }

    fn write(&mut self, path: &Path, name: &str, told: &[u8]) -> Result<(), StoreError> {
        let turned: Vec<u8>;
        let bytes = match kind(name) {
            Dtype::I32 => {
                let words = told.as_chunks::<4>().0.iter();
                turned = words.flat_map(|word| (f32::from_ne_bytes(*word) as i32).to_le_bytes()).collect();
                &turned
            }
            _ => told,
        };
        Ok(self.file.write_all(bytes).map_err(|cause| DataError::write(path, cause))?)
    }

    /// Puts the digest into the header.
    fn end(mut self, path: &Path, all: &Shapes) -> Result<(), StoreError> {
        self.file.flush().map_err(|cause| DataError::write(path, cause))?;
        let digest = self.digest(path, all)?;
        self.file.seek(SeekFrom::Start(0)).map_err(|cause| DataError::write(path, cause))?;
        let header = header_bytes(path, all, &digest)?;
        self.file.write_all(&header).map_err(|cause| DataError::write(path, cause))?;
        Ok(self.pending.commit(&self.file)?)
    }

    /// The digest of what was written, which goes by names and not by kinds.
    fn digest(&mut self, path: &Path, all: &Shapes) -> Result<String, StoreError> {
        let read = |cause| StoreError::from(DataError::read(path, cause));
        let mut starts = BTreeMap::new();
        let mut at = header_bytes(path, all, &format!("{PREFIX}{}", "0".repeat(64)))?.len() as u64;
        for (name, (_, shape)) in in_file_order(all) {
            starts.insert(name, at);
            at += 4 * shape.iter().product::<usize>() as u64;
        }
        let mut hash = Sha256::new();
        for (name, (_, shape)) in all {
            weights::hash_name(&mut hash, name, shape);
            self.file.seek(SeekFrom::Start(starts[name])).map_err(read)?;
            let mut left = 4 * shape.iter().product::<usize>();
            while left > 0 {
                let mut chunk = vec![0; left.min(CHUNK)];
                self.file.read_exact(&mut chunk).map_err(read)?;
                left -= chunk.len();
                if kind(name) == Dtype::I32 {
                    for word in chunk.as_chunks_mut::<4>().0 {
                        *word = (i32::from_le_bytes(*word) as f32).to_le_bytes();
                    }
                }
                hash.update(&chunk);
            }
        }
        Ok(format!("{PREFIX}{}", hexadecimal(hash)))
    }
}

/// The first bytes of the file, as `safetensors::serialize` writes them.
fn header_bytes(path: &Path, all: &Shapes, digest: &str) -> Result<Vec<u8>, StoreError> {
    let mut at = 0;
    let infos = in_file_order(all).into_iter().map(|(name, (_, shape))| {
        let start = at;
        at += 4 * shape.iter().product::<usize>();
        (name.clone(), TensorInfo { dtype: kind(name), shape: shape.clone(), data_offsets: (start, at) })
    });
    let problem = |cause: String| StoreError::content(path, format!("cannot be encoded as safetensors: {cause}"));
    let metadata = HashMap::from([(DIGEST.to_owned(), digest.to_owned())]);
    let header = Metadata::new(Some(metadata), infos.collect()).map_err(|cause| problem(cause.to_string()))?;
    let mut text = serde_json::to_vec(&header).map_err(|cause| problem(cause.to_string()))?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}
