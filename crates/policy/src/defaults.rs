//! The policies of providers on which nobody has set one (MAA documentation, "default policy").
//!
//! The bytes matter: their hash appears in tokens as `x-ms-policy-hash`.

/// SGX and Open Enclave on a provider of one's own.
pub const SGX: &str = "version= 1.1;
configurationrules
{
\t=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"azuredefault\");
};
authorizationrules
{
\t=> permit();
};
issuancerules
{
\tc:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);
\tc:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);
\tc:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);
\tc:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);
\tc:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);
\tc:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);
};
";

/// SGX and Open Enclave on MAA's shared providers, as they published it in 2021.
pub const SGX_SHARED: &str = "version= 1.0;authorizationrules{=> permit();};issuancerules{\
c:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);\
c:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);\
c:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);\
c:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);\
c:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);\
c:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);};";

/// SEV-SNP virtual machines: the text behind the policy hash in published tokens.
pub const SNP: &str = "version= 1.0;authorizationrules{=> permit();};";

/// TDX virtual machines. MAA does not publish its text; the one of SEV-SNP has the same meaning.
pub const TDX: &str = SNP;
