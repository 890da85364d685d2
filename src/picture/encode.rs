//! Pixels as the bytes of a PNG.

use crate::data::DataError;

/// Encodes `across` times `down` pixels.
pub(super) fn encode(canvas: &[u8], across: usize, down: usize, colour: png::ColorType) -> Result<Vec<u8>, DataError> {
    let failed = |cause: String| {
        let problem = format!("{across}x{down} pixels can't be encoded ({cause})");
        DataError::content("picture", problem, "show fewer tiles, or choose a smaller scale")
    };
    let side = |length: usize| u32::try_from(length).map_err(|cause| failed(cause.to_string()));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(across)?, side(down)?);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|cause| failed(cause.to_string()))?;
    writer.write_image_data(canvas).map_err(|cause| failed(cause.to_string()))?;
    writer.finish().map_err(|cause| failed(cause.to_string()))?;
    Ok(bytes)
}
