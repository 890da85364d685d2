//! A trace as a table: every firing is a row of a Parquet file.

use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, LayerId};
use crate::data::DataError;
use crate::data::atomic::Pending;
use crate::executor::{Trace, TracedFiring};
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::sync::Arc;

/// The columns.
///
/// | column | meaning |
/// |---|---|
/// | `firing` | from 1, in an order in which senders come before receivers |
/// | `population`, `layer` | who fired |
/// | `number` | the population's own count, from 1; in lock-step the step |
/// | `movement` | largest change of a component of the state, in its units; of state populations |
/// | `free_energy` | of the layer in nats, summed over the samples; of error populations |
/// | `distance` | largest difference of a component from the states that were given to compare with |
/// | `tick` | under virtual time |
/// | `begin_us`, `duration_us` | in microseconds, of the first lane where a batch is split |
/// | `readout` | whether the firing belongs to the readout |
const SCHEMA: &str = "message trace {
    REQUIRED INT64 firing;
    REQUIRED BYTE_ARRAY population (STRING);
    REQUIRED BYTE_ARRAY layer (STRING);
    REQUIRED INT64 number;
    OPTIONAL FLOAT movement;
    OPTIONAL DOUBLE free_energy;
    OPTIONAL FLOAT distance;
    OPTIONAL INT64 tick;
    REQUIRED DOUBLE begin_us;
    REQUIRED DOUBLE duration_us;
    REQUIRED BOOLEAN readout;
}";

/// Firings in a group of rows: what a reader takes in at once.
const GROUP: usize = 1 << 16;

type Group<'a> = SerializedRowGroupWriter<'a, File>;

/// Writes a trace to a file that was opened for it, and gives the file its name.
///
/// # Errors
/// [`DataError::Write`]; there is no file of that name then, or the one that was there before.
pub fn write(
    (pending, file): (Pending, File),
    trace: &Trace,
    wiring: &Wiring,
    circuit: &Circuit,
) -> Result<(), DataError> {
    let failed = |cause: std::io::Error| DataError::write(pending.target(), cause);
    let copy = file.try_clone().map_err(failed)?;
    write_rows(copy, trace, wiring, circuit).map_err(|cause| failed(std::io::Error::other(cause)))?;
    pending.commit(&file)
}

fn write_rows(file: File, trace: &Trace, wiring: &Wiring, circuit: &Circuit) -> Result<(), ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    for (i, firings) in trace.firings.chunks(GROUP).enumerate() {
        let mut group = writer.next_row_group()?;
        write_group(&mut group, i * GROUP, firings, wiring, circuit)?;
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

/// The columns in the order of the schema.
fn write_group(
    group: &mut Group<'_>,
    start: usize,
    firings: &[TracedFiring],
    wiring: &Wiring,
    circuit: &Circuit,
) -> Result<(), ParquetError> {
    let name = |f: &TracedFiring| ByteArray::from(wiring.population(f.population).name.as_str());
    let layer_of = |f: &TracedFiring| -> LayerId { wiring.population(f.population).layer };
    let layer = |f: &TracedFiring| ByteArray::from(circuit.layer(layer_of(f)).name());
    let micros = |d: std::time::Duration| d.as_secs_f64() * 1e6;
    required::<Int64Type>(group, (1..=firings.len()).map(|i| (start + i) as i64))?;
    required::<ByteArrayType>(group, firings.iter().map(name))?;
    required::<ByteArrayType>(group, firings.iter().map(layer))?;
    required::<Int64Type>(group, firings.iter().map(|f| f.number as i64))?;
    optional::<FloatType>(group, firings.iter().map(|f| f.movement))?;
    optional::<DoubleType>(group, firings.iter().map(|f| f.energy))?;
    optional::<FloatType>(group, firings.iter().map(|f| f.distance))?;
    optional::<Int64Type>(group, firings.iter().map(|f| f.tick.map(|tick| tick as i64)))?;
    required::<DoubleType>(group, firings.iter().map(|f| micros(f.begin)))?;
    required::<DoubleType>(group, firings.iter().map(|f| micros(f.duration)))?;
    required::<BoolType>(group, firings.iter().map(|f| f.readout))
}

fn required<T: DataType>(group: &mut Group<'_>, values: impl Iterator<Item = T::T>) -> Result<(), ParquetError> {
    write_column::<T>(group, &values.collect::<Vec<_>>(), None)
}

fn optional<T: DataType>(
    group: &mut Group<'_>,
    values: impl Iterator<Item = Option<T::T>> + Clone,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.clone().map(|value| i16::from(value.is_some())).collect();
    write_column::<T>(group, &values.flatten().collect::<Vec<_>>(), Some(&levels))
}

fn write_column<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
