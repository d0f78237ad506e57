//! What was found of a neuron, for people.

use assay_neuron::{Finding, Verdict};

/// A line for each finding, and one for what to do about it.
pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Passes => "ok",
            Verdict::Stops => "NO",
            Verdict::Note => "note",
        };
        let subject = serde_json::to_value(finding.subject);
        let subject = subject
            .ok()
            .and_then(|name| name.as_str().map(|name| name.replace('_', " ")))
            .unwrap_or_default();
        lines.push(format!("  {mark:<4}  {subject:<12}  {}", finding.fact));
        if let Some(remedy) = &finding.remedy {
            lines.push(format!("{:22}→ {remedy}", ""));
        }
    }
    lines
}
