//! What a machine uses, under the names that the server's page of system metrics draws.

use serde_json::{Map, Value};

/// The stream that tells it.
pub(crate) const STREAM: &str = "hardware";

const MIB: f64 = 1024.0 * 1024.0;

/// A row of the stream as system metrics, without the `system.` before their names.
pub(crate) fn metrics(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut metrics = Map::new();
    let mut put = |name: String, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            metrics.insert(name, value.into());
        }
    };
    for (name, value) in fields {
        let number = value.as_f64();
        match name.as_str() {
            "cpu_percent" => put("cpu".to_owned(), number),
            "memory_used_bytes" => put("memory_percent".to_owned(), share(fields)),
            "memory_total_bytes" => {}
            "disk_free_bytes" => put("disk.freeGB".to_owned(), number.map(|n| n / MIB / 1024.0)),
            "process_memory_bytes" => put("proc.memory.rssMB".to_owned(), number.map(|n| n / MIB)),
            "process_cpu_percent" => put("proc.cpu.percent".to_owned(), number),
            "gpus" => {
                for (place, gpu) in value.as_array().into_iter().flatten().enumerate() {
                    let Some(gpu) = gpu.as_object() else { continue };
                    let of = |name: &str| gpu.get(name).and_then(Value::as_f64);
                    put(format!("gpu.{place}.gpu"), of("percent"));
                    put(format!("gpu.{place}.temp"), of("celsius"));
                    put(
                        format!("gpu.{place}.memoryAllocatedBytes"),
                        of("memory_used_bytes"),
                    );
                    put(format!("gpu.{place}.memoryAllocated"), share(gpu));
                }
            }
            _ => put(name.clone(), number),
        }
    }
    metrics
}

/// Memory in use, in percent.
fn share(fields: &Map<String, Value>) -> Option<f64> {
    let used = fields.get("memory_used_bytes")?.as_f64()?;
    let total = fields.get("memory_total_bytes")?.as_f64()?;
    (total > 0.0).then(|| 100.0 * used / total)
}
