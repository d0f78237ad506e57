//! What creating a subnet costs.

sp_api::decl_runtime_apis! {
    /// What creating a subnet costs.
    pub trait SubnetRegistrationRuntimeApi {
        /// The price of the next subnet, in rao.
        fn get_network_registration_cost() -> u64;
    }
}
