//! A table of a study as a Parquet file.

use super::table::{ColumnValues, StudyTable, TableColumn};
use crate::data::DataError;
use crate::data::atomic::Pending;
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Writes a table to `path`, whole or not at all.
///
/// # Errors
/// [`DataError::Write`]; there is no file of that name then, or the one that was there before.
pub fn write(path: &Path, table: &StudyTable) -> Result<(), DataError> {
    let (pending, file) = Pending::create(path)?;
    let failed = |cause: std::io::Error| DataError::write(path, cause);
    let copy = file.try_clone().map_err(failed)?;
    write_table(copy, table).map_err(|cause| failed(std::io::Error::other(cause)))?;
    pending.commit(&file)
}

fn write_table(file: File, table: &StudyTable) -> Result<(), ParquetError> {
    let fields = table.columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("study").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in &table.columns {
        match &column.values {
            ColumnValues::Text(values) => {
                let values: Vec<_> = values.iter().map(|text| ByteArray::from(text.as_str())).collect();
                write_column::<ByteArrayType>(&mut group, &values, None)?;
            }
            ColumnValues::Whole(values) => write_column::<Int64Type>(&mut group, values, None)?,
            ColumnValues::Real(values) => {
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                let known: Vec<f64> = values.iter().copied().flatten().collect();
                write_column::<DoubleType>(&mut group, &known, Some(&levels))?;
            }
        }
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

fn field(column: &TableColumn) -> Result<TypePtr, ParquetError> {
    let (physical, repetition, logical) = match column.values {
        ColumnValues::Text(_) => (PhysicalType::BYTE_ARRAY, Repetition::REQUIRED, Some(LogicalType::String)),
        ColumnValues::Whole(_) => (PhysicalType::INT64, Repetition::REQUIRED, None),
        ColumnValues::Real(_) => (PhysicalType::DOUBLE, Repetition::OPTIONAL, None),
    };
    let built = Type::primitive_type_builder(&column.name, physical).with_repetition(repetition);
    Ok(Arc::new(built.with_logical_type(logical).build()?))
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than the table".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
