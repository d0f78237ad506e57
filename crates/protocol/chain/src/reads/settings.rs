//! A subnet's settings, one by one.

use crate::{
    ChainError, NetUid, SETTINGS, Setting, SettingValue, Snapshot, runtime::number_value, snapshot::Query,
};
use scale_value::Value;

impl Snapshot {
    /// All settings of a subnet that this chain has, in the order of [`SETTINGS`].
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer, or stores one in an unknown
    /// shape.
    pub async fn settings(
        &self,
        netuid: NetUid,
    ) -> Result<Vec<(&'static Setting, SettingValue)>, ChainError> {
        let mut query = Query::default();
        let added = query.subtensor::<bool>("NetworksAdded", [number_value(netuid.0)]);
        let fields: Vec<_> = SETTINGS
            .iter()
            .map(|setting| {
                let keys = if setting.is_of_chain() {
                    Vec::new()
                } else {
                    vec![number_value(netuid.0)]
                };
                (setting, query.subtensor::<Value>(setting.storage, keys))
            })
            .collect();
        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        let mut settings = Vec::with_capacity(fields.len());
        for (setting, field) in fields {
            let stored = answer.get(field)?;
            if let Some(raw) = stored.and_then(|stored| setting.raw_of(&stored)) {
                let unit = setting.unit;
                settings.push((setting, SettingValue { raw, unit }));
            }
        }
        Ok(settings)
    }
}
