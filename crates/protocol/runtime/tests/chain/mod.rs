//! A chain in memory, driven through `api::dispatch` like the node drives it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    reason = "what cannot fail in a test should end it when it does"
)]

use codec::{Decode, Encode};
use node_subtensor_runtime::{
    AccountId, Address, ChargePayment, CheckMortality, CheckNonce, Hash, Header, Runtime, RuntimeCall,
    Signature, SubtensorTransactionExtension, TxExtension, UncheckedExtrinsic, VERSION, api,
    genesis::Genesis,
};
use sp_core::{Pair, sr25519};
use sp_inherents::InherentData;
use sp_io::TestExternalities;
use sp_runtime::{
    ApplyExtrinsicResult, MultiSignature,
    generic::{self, Era},
    traits::{BlakeTwo256, Hash as _},
};

/// State and clock of the chain. The genesis block's hash is the default header's.
pub struct Chain {
    state: TestExternalities,
    parent: Header,
}

impl Chain {
    /// A chain at block 0.
    pub fn start(genesis: &Genesis) -> Self {
        let state = TestExternalities::new(genesis.storage().unwrap());
        let parent = Header {
            parent_hash: Hash::zero(),
            number: 0,
            state_root: Hash::zero(),
            extrinsics_root: Hash::zero(),
            digest: generic::Digest::default(),
        };
        Self { state, parent }
    }

    /// Calls a runtime API by its name.
    pub fn call<R: Decode>(&mut self, method: &str, arguments: impl Encode) -> R {
        let bytes = arguments.encode();
        let answer = self.state.execute_with(|| api::dispatch(method, &bytes)).unwrap();
        R::decode(&mut answer.as_slice()).unwrap()
    }

    /// Builds the next block of these extrinsics and says what became of each.
    pub fn block(&mut self, extrinsics: &[UncheckedExtrinsic]) -> Vec<ApplyExtrinsicResult> {
        let number = self.parent.number + 1;
        let header = Header {
            parent_hash: BlakeTwo256::hash_of(&self.parent),
            number,
            state_root: Hash::zero(),
            extrinsics_root: Hash::zero(),
            digest: generic::Digest::default(),
        };
        let _: sp_runtime::ExtrinsicInclusionMode = self.call("Core_initialize_block", &header);
        let mut inherent_data = InherentData::new();
        let now = sp_timestamp::Timestamp::new(u64::from(number) * 12_000);
        inherent_data
            .put_data(sp_timestamp::INHERENT_IDENTIFIER, &now)
            .unwrap();
        let inherents: Vec<UncheckedExtrinsic> =
            self.call("BlockBuilder_inherent_extrinsics", &inherent_data);
        for inherent in inherents {
            let result: ApplyExtrinsicResult = self.call("BlockBuilder_apply_extrinsic", &inherent);
            assert_eq!(result, Ok(Ok(())));
        }
        let results = extrinsics
            .iter()
            .map(|extrinsic| self.call("BlockBuilder_apply_extrinsic", extrinsic))
            .collect();
        self.parent = self.call("BlockBuilder_finalize_block", ());
        self.state.commit_all().unwrap();
        results
    }

    /// Builds blocks without extrinsics until the head has this height.
    pub fn run_to(&mut self, number: u32) {
        while self.parent.number < number {
            self.block(&[]);
        }
    }

    /// Height of the head.
    pub fn height(&self) -> u32 {
        self.parent.number
    }

    /// Reads the state after the last block.
    pub fn read<R>(&mut self, look: impl FnOnce() -> R) -> R {
        self.state.execute_with(look)
    }

    /// Root of the state trie.
    pub fn state_root(&mut self) -> Hash {
        self.state.commit_all().unwrap();
        *self.state.backend.root()
    }
}

/// The account of a key.
pub fn account(pair: &sr25519::Pair) -> AccountId {
    pair.public().into()
}

/// An extrinsic that nobody signed.
pub fn unsigned(call: RuntimeCall) -> UncheckedExtrinsic {
    UncheckedExtrinsic::new_bare(call)
}

/// A signed extrinsic without era and tip.
pub fn signed(pair: &sr25519::Pair, nonce: u32, call: RuntimeCall) -> UncheckedExtrinsic {
    signed_in_era(pair, nonce, Era::Immortal, call)
}

/// A signed extrinsic without tip whose era, if any, began with block 0.
pub fn signed_in_era(pair: &sr25519::Pair, nonce: u32, era: Era, call: RuntimeCall) -> UncheckedExtrinsic {
    let extension: TxExtension = (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        CheckMortality::from(era),
        CheckNonce(nonce),
        frame_system::CheckWeight::new(),
        ChargePayment::with_tip(0),
        SubtensorTransactionExtension::new(),
        frame_metadata_hash_extension::CheckMetadataHash::<Runtime>::new(false),
    );
    let genesis = genesis_hash();
    let implicit = (
        (),
        VERSION.spec_version,
        VERSION.transaction_version,
        genesis,
        genesis,
        (),
        (),
        (),
        None::<[u8; 32]>,
    );
    let payload = (&call, &extension, implicit).encode();
    let signature = match payload.len() > 256 {
        true => pair.sign(&sp_io::hashing::blake2_256(&payload)),
        false => pair.sign(&payload),
    };
    UncheckedExtrinsic::new_signed(
        call,
        Address::Id(account(pair)),
        Signature(MultiSignature::Sr25519(signature)),
        extension,
    )
}

/// The hash of block 0.
pub fn genesis_hash() -> Hash {
    let header = Header {
        parent_hash: Hash::zero(),
        number: 0,
        state_root: Hash::zero(),
        extrinsics_root: Hash::zero(),
        digest: generic::Digest::default(),
    };
    BlakeTwo256::hash_of(&header)
}
