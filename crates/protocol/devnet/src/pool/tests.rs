use super::*;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn pool() -> Pool {
    Pool::new(Limits::default())
}

fn hash(account: u8, nonce: u8) -> H256 {
    H256::from_low_u64_be(u64::from(account) * 256 + u64::from(nonce))
}

/// A transaction of `account`; `chain_nonce` is what the chain expects of it.
fn transaction(account: u8, nonce: u8, chain_nonce: u8) -> Candidate {
    let requires = if nonce > chain_nonce {
        vec![vec![account, nonce - 1]]
    } else {
        vec![]
    };
    Candidate {
        hash: hash(account, nonce),
        bytes: Arc::from(vec![account, nonce]),
        validity: ValidTransaction {
            priority: 1,
            requires,
            provides: vec![vec![account, nonce]],
            longevity: 64,
            propagate: true,
        },
        validated_at: 0,
    }
}

fn order(pool: &Pool) -> Vec<(u8, u8)> {
    pool.in_order()
        .into_iter()
        .map(|(_, bytes)| (bytes[0], bytes[1]))
        .collect()
}

fn heard(receiver: &mut UnboundedReceiver<Status>) -> Vec<Status> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

#[test]
fn a_later_nonce_waits_and_goes_right_after_the_earlier_one() {
    let mut pool = pool();
    let (watcher, mut statuses) = unbounded_channel();
    pool.insert(transaction(1, 2, 0), None).unwrap();
    pool.insert(transaction(1, 1, 0), Some(watcher)).unwrap();
    assert_eq!(order(&pool), []);
    assert!(!pool.has_ready());

    pool.insert(transaction(1, 0, 0), None).unwrap();
    assert_eq!(order(&pool), [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(heard(&mut statuses), [Status::Future, Status::Ready]);
}

#[test]
fn priority_goes_first_but_never_before_what_it_requires() {
    let mut pool = pool();
    pool.insert(transaction(1, 0, 0), None).unwrap();
    pool.insert(transaction(2, 0, 0), None).unwrap();
    let mut urgent = transaction(2, 1, 0);
    urgent.validity.priority = 10;
    pool.insert(urgent, None).unwrap();
    let mut first = transaction(3, 0, 0);
    first.validity.priority = 5;
    pool.insert(first, None).unwrap();
    assert_eq!(order(&pool), [(3, 0), (1, 0), (2, 0), (2, 1)]);
}

#[test]
fn the_same_nonce_again_must_outbid() {
    let mut pool = pool();
    let (watcher, mut statuses) = unbounded_channel();
    pool.insert(transaction(1, 0, 0), Some(watcher)).unwrap();
    assert_eq!(
        pool.insert(transaction(1, 0, 0), None),
        Err(PoolError::AlreadyImported { hash: hash(1, 0) })
    );
    let mut rival = transaction(1, 0, 0);
    rival.hash = hash(9, 9);
    assert_eq!(
        pool.insert(rival, None),
        Err(PoolError::PriorityTooLow { old: 1, new: 1 })
    );
    let mut richer = transaction(1, 0, 0);
    richer.hash = hash(9, 9);
    richer.validity.priority = 2;
    pool.insert(richer, None).unwrap();
    assert_eq!(heard(&mut statuses), [Status::Ready, Status::Usurped(hash(9, 9))]);
    assert_eq!(pool.in_order().len(), 1);
}

#[test]
fn inclusion_frees_the_next_nonce_and_is_final_at_once() {
    let mut pool = pool();
    let (watcher, mut statuses) = unbounded_channel();
    pool.insert(transaction(1, 0, 0), Some(watcher)).unwrap();
    pool.insert(transaction(1, 1, 0), None).unwrap();
    let block = H256::repeat_byte(7);
    pool.sealed(1, block, &[(hash(1, 0), 3)], &[]);
    pool.finalized(1);
    assert_eq!(order(&pool), [(1, 1)]);
    assert_eq!(
        heard(&mut statuses),
        [
            Status::Ready,
            Status::InBlock { block, index: 3 },
            Status::Finalized { block, index: 3 },
        ]
    );
    assert_eq!(pool.next_nonce(1, |nonce| vec![1, nonce as u8]), 2);
}

#[test]
fn what_builds_on_an_invalid_transaction_goes_with_it() {
    let mut pool = pool();
    let (watcher, mut statuses) = unbounded_channel();
    pool.insert(transaction(1, 0, 0), None).unwrap();
    pool.insert(transaction(1, 1, 0), Some(watcher)).unwrap();
    pool.insert(transaction(2, 0, 0), None).unwrap();
    pool.sealed(1, H256::zero(), &[], &[hash(1, 0)]);
    assert_eq!(order(&pool), [(2, 0)]);
    assert_eq!(heard(&mut statuses), [Status::Ready, Status::Invalid]);
}

#[test]
fn a_transaction_leaves_when_its_era_is_over() {
    let mut pool = pool();
    let mut short = transaction(1, 0, 0);
    short.validity.longevity = 3;
    pool.insert(short, None).unwrap();
    pool.sealed(2, H256::zero(), &[], &[]);
    assert_eq!(order(&pool), [(1, 0)]);
    pool.sealed(3, H256::zero(), &[], &[]);
    assert_eq!(order(&pool), []);
}

#[test]
fn a_full_pool_refuses_and_counts_ready_and_future_apart() {
    let mut pool = Pool::new(Limits {
        ready_transactions: 1,
        future_transactions: 1,
        ..Limits::default()
    });
    pool.insert(transaction(1, 0, 0), None).unwrap();
    pool.insert(transaction(1, 5, 0), None).unwrap();
    assert_eq!(pool.insert(transaction(2, 0, 0), None), Err(PoolError::Full));
    assert_eq!(pool.insert(transaction(2, 5, 0), None), Err(PoolError::Full));
    pool.sealed(1, H256::zero(), &[(hash(1, 0), 1)], &[]);
    pool.insert(transaction(2, 0, 0), None).unwrap();
}

#[test]
fn what_is_replaced_while_a_block_takes_it_costs_its_successors_nothing() {
    let mut pool = pool();
    pool.insert(transaction(1, 0, 0), None).unwrap();
    pool.insert(transaction(1, 1, 0), None).unwrap();
    let offered = pool.offer();
    assert_eq!(offered.len(), 2);
    let mut richer = transaction(1, 0, 0);
    richer.hash = hash(9, 9);
    richer.validity.priority = 2;
    pool.insert(richer, None).unwrap();
    // The block has the first one, and no room for the second.
    pool.sealed(1, H256::repeat_byte(1), &[(hash(1, 0), 1)], &[]);
    // Its replacement is too late for the chain, which is found out with the next block.
    pool.sealed(2, H256::repeat_byte(2), &[], &[hash(9, 9)]);
    assert_eq!(order(&pool), [(1, 1)]);
}

#[test]
fn who_watches_a_transaction_of_a_chain_that_is_replaced_hears_that_it_is_gone() {
    let mut pool = pool();
    let (watcher, mut statuses) = unbounded_channel();
    pool.insert(transaction(1, 0, 0), Some(watcher)).unwrap();
    let block = H256::repeat_byte(7);
    pool.sealed(1, block, &[(hash(1, 0), 3)], &[]);
    pool.clear();
    assert_eq!(
        heard(&mut statuses),
        [
            Status::Ready,
            Status::InBlock { block, index: 3 },
            Status::Dropped,
        ]
    );
}

#[test]
fn a_replacement_counts_its_bytes_too() {
    let mut pool = Pool::new(Limits {
        pool_bytes: 10,
        ..Limits::default()
    });
    pool.insert(transaction(1, 0, 0), None).unwrap();
    let replacement = |bytes: usize| {
        let mut candidate = transaction(1, 0, 0);
        candidate.hash = hash(9, 9);
        candidate.bytes = Arc::from(vec![0; bytes]);
        candidate.validity.priority = 2;
        candidate
    };
    assert_eq!(pool.insert(replacement(11), None), Err(PoolError::Full));
    pool.insert(replacement(10), None).unwrap();
}
