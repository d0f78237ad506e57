//! How miners were chosen for questions, and what that was worth.

use crate::{
    mean::Mean,
    store::Store,
    table::{Table, columns, row},
};
use std::{collections::BTreeMap, sync::Arc};

impl Store {
    /// What answers were worth by how their miners were chosen: whether routing pays.
    #[must_use]
    pub fn choices(&self) -> Table {
        let mut of: BTreeMap<Arc<str>, (u64, Mean)> = BTreeMap::new();
        for (_, question) in self.questions.iter() {
            for answer in &question.answers {
                let Some(how) = &answer.chosen_by else { continue };
                let (asked, reward) = of.entry(how.clone()).or_default();
                *asked += 1;
                reward.add_some(answer.reward);
            }
        }
        Table {
            name: "choices",
            title: "How miners were chosen",
            about: "by chance, by the gating model, or for its exploration, and what their answers were worth",
            sql: format!(
                "SELECT how, count(*) AS asked, avg(reward) AS mean_reward FROM (SELECT unnest(chosen_by) AS how, \
                 unnest(rewards) AS reward FROM prompting_steps{}) WHERE how IS NOT NULL GROUP BY how ORDER BY how",
                self.sql(&self.questions, false)
            ),
            columns: columns![
                how "Chosen by" Text,
                asked "Asked" Count,
                mean_reward "Mean reward" Score,
            ],
            rows: of
                .into_iter()
                .map(|(how, (asked, reward))| row![how, asked, reward.mean()])
                .collect(),
        }
    }
}
