//! The checks of AWS's policy validation (IAM Access Analyzer), by AWS's names, and which of them are done here.

use std::fmt;

/// How grave a finding is, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckClass {
    Suggestion,
    Warning,
    SecurityWarning,
    Error,
}

impl CheckClass {
    pub const ALL: [CheckClass; 4] =
        [CheckClass::Error, CheckClass::SecurityWarning, CheckClass::Warning, CheckClass::Suggestion];

    pub const fn as_str(self) -> &'static str {
        match self {
            CheckClass::Error => "error",
            CheckClass::SecurityWarning => "security-warning",
            CheckClass::Warning => "warning",
            CheckClass::Suggestion => "suggestion",
        }
    }
}

impl fmt::Display for CheckClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a check of AWS's list is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckState {
    Done,
    /// AWS's language no longer has the rule: service control policies take the full language since 2025-09.
    Retired,
}

impl CheckState {
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckState::Done => "done",
            CheckState::Retired => "retired",
        }
    }
}

macro_rules! checks {
    ($($name:ident $id:literal $message:literal $class:ident $state:ident),+ $(,)?) => {
        /// A check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Check { $($name),+ }

        impl Check {
            /// All of AWS's list (of May 2023), in its order.
            pub const ALL: &'static [Check] = &[$(Check::$name),+];

            /// AWS's code.
            pub const fn id(self) -> &'static str {
                match self { $(Check::$name => $id),+ }
            }

            /// The id of the message that says what is wrong and what to do.
            pub const fn message(self) -> &'static str {
                match self { $(Check::$name => $message),+ }
            }

            pub const fn class(self) -> CheckClass {
                match self { $(Check::$name => CheckClass::$class),+ }
            }

            pub const fn state(self) -> CheckState {
                match self { $(Check::$name => CheckState::$state),+ }
            }
        }
    };
}

checks! {
    ArnAccountNotAllowed "ARN_ACCOUNT_NOT_ALLOWED" "lint-arn-account-not-allowed" Error Done,
    ArnRegionNotAllowed "ARN_REGION_NOT_ALLOWED" "lint-arn-region-not-allowed" Error Done,
    DataTypeMismatch "DATA_TYPE_MISMATCH" "lint-data-type-mismatch" Error Done,
    DuplicateKeysWithDifferentCase "DUPLICATE_KEYS_WITH_DIFFERENT_CASE" "lint-duplicate-keys-with-different-case" Error Done,
    InvalidAction "INVALID_ACTION" "lint-invalid-action" Error Done,
    InvalidArnAccount "INVALID_ARN_ACCOUNT" "lint-invalid-arn-account" Error Done,
    InvalidArnPrefix "INVALID_ARN_PREFIX" "lint-invalid-arn-prefix" Error Done,
    InvalidArnRegion "INVALID_ARN_REGION" "lint-invalid-arn-region" Error Done,
    InvalidArnResource "INVALID_ARN_RESOURCE" "lint-invalid-arn-resource" Error Done,
    InvalidArnServiceCase "INVALID_ARN_SERVICE_CASE" "lint-invalid-arn-service-case" Error Done,
    InvalidConditionDataType "INVALID_CONDITION_DATA_TYPE" "lint-invalid-condition-data-type" Error Done,
    InvalidConditionKeyFormat "INVALID_CONDITION_KEY_FORMAT" "lint-invalid-condition-key-format" Error Done,
    InvalidConditionMultipleBoolean "INVALID_CONDITION_MULTIPLE_BOOLEAN" "lint-invalid-condition-multiple-boolean" Error Done,
    InvalidConditionOperator "INVALID_CONDITION_OPERATOR" "lint-invalid-condition-operator" Error Done,
    InvalidEffect "INVALID_EFFECT" "lint-invalid-effect" Error Done,
    InvalidGlobalConditionKey "INVALID_GLOBAL_CONDITION_KEY" "lint-invalid-global-condition-key" Error Done,
    InvalidPartition "INVALID_PARTITION" "lint-invalid-partition" Error Done,
    InvalidPolicyElement "INVALID_POLICY_ELEMENT" "lint-invalid-policy-element" Error Done,
    InvalidPrincipalFormat "INVALID_PRINCIPAL_FORMAT" "lint-invalid-principal-format" Error Done,
    InvalidPrincipalKey "INVALID_PRINCIPAL_KEY" "lint-invalid-principal-key" Error Done,
    InvalidRegion "INVALID_REGION" "lint-invalid-region" Error Done,
    InvalidService "INVALID_SERVICE" "lint-invalid-service" Error Done,
    InvalidServiceConditionKey "INVALID_SERVICE_CONDITION_KEY" "lint-invalid-service-condition-key" Error Done,
    InvalidServiceInAction "INVALID_SERVICE_IN_ACTION" "lint-invalid-service-in-action" Error Done,
    InvalidVariableForOperator "INVALID_VARIABLE_FOR_OPERATOR" "lint-invalid-variable-for-operator" Error Done,
    InvalidVersion "INVALID_VERSION" "lint-invalid-version" Error Done,
    JsonSyntaxError "JSON_SYNTAX_ERROR" "lint-json-syntax-error" Error Done,
    MissingAction "MISSING_ACTION" "lint-missing-action" Error Done,
    MissingArnField "MISSING_ARN_FIELD" "lint-missing-arn-field" Error Done,
    MissingArnRegion "MISSING_ARN_REGION" "lint-missing-arn-region" Error Done,
    MissingEffect "MISSING_EFFECT" "lint-missing-effect" Error Done,
    MissingPrincipal "MISSING_PRINCIPAL" "lint-missing-principal" Error Done,
    MissingQualifier "MISSING_QUALIFIER" "lint-missing-qualifier" Error Done,
    MissingResource "MISSING_RESOURCE" "lint-missing-resource" Error Done,
    MissingStatement "MISSING_STATEMENT" "lint-missing-statement" Error Done,
    NullWithIfExists "NULL_WITH_IF_EXISTS" "lint-null-with-if-exists" Error Done,
    ScpSyntaxErrorActionWildcard "SCP_SYNTAX_ERROR_ACTION_WILDCARD" "lint-retired" Error Retired,
    ScpSyntaxErrorAllowCondition "SCP_SYNTAX_ERROR_ALLOW_CONDITION" "lint-retired" Error Retired,
    ScpSyntaxErrorAllowNotAction "SCP_SYNTAX_ERROR_ALLOW_NOT_ACTION" "lint-retired" Error Retired,
    ScpSyntaxErrorAllowResource "SCP_SYNTAX_ERROR_ALLOW_RESOURCE" "lint-retired" Error Retired,
    ScpSyntaxErrorNotResource "SCP_SYNTAX_ERROR_NOT_RESOURCE" "lint-retired" Error Retired,
    ScpSyntaxErrorPrincipal "SCP_SYNTAX_ERROR_PRINCIPAL" "lint-scp-syntax-error-principal" Error Done,
    UniqueSidsRequired "UNIQUE_SIDS_REQUIRED" "lint-unique-sids-required" Error Done,
    UnsupportedActionInPolicy "UNSUPPORTED_ACTION_IN_POLICY" "lint-unsupported-action-in-policy" Error Done,
    UnsupportedElementCombination "UNSUPPORTED_ELEMENT_COMBINATION" "lint-unsupported-element-combination" Error Done,
    UnsupportedGlobalConditionKey "UNSUPPORTED_GLOBAL_CONDITION_KEY" "lint-unsupported-global-condition-key" Error Done,
    UnsupportedPrincipal "UNSUPPORTED_PRINCIPAL" "lint-unsupported-principal" Error Done,
    UnsupportedResourceArnInPolicy "UNSUPPORTED_RESOURCE_ARN_IN_POLICY" "lint-unsupported-resource-arn-in-policy" Error Done,
    UnsupportedSid "UNSUPPORTED_SID" "lint-unsupported-sid" Error Done,
    UnsupportedWildcardInPrincipal "UNSUPPORTED_WILDCARD_IN_PRINCIPAL" "lint-unsupported-wildcard-in-principal" Error Done,
    MissingBraceInVariable "MISSING_BRACE_IN_VARIABLE" "lint-missing-brace-in-variable" Error Done,
    MissingQuoteInVariable "MISSING_QUOTE_IN_VARIABLE" "lint-missing-quote-in-variable" Error Done,
    UnsupportedSpaceInVariable "UNSUPPORTED_SPACE_IN_VARIABLE" "lint-unsupported-space-in-variable" Error Done,
    EmptyVariable "EMPTY_VARIABLE" "lint-empty-variable" Error Done,
    VariableUnsupportedInElement "VARIABLE_UNSUPPORTED_IN_ELEMENT" "lint-variable-unsupported-in-element" Error Done,
    VariableUnsupportedInVersion "VARIABLE_UNSUPPORTED_IN_VERSION" "lint-variable-unsupported-in-version" Error Done,
    PrivateIpAddress "PRIVATE_IP_ADDRESS" "lint-private-ip-address" Error Done,
    PrivateNotIpAddress "PRIVATE_NOT_IP_ADDRESS" "lint-private-not-ip-address" Error Done,
    PolicySizeExceedsScpQuota "POLICY_SIZE_EXCEEDS_SCP_QUOTA" "lint-policy-size-exceeds-scp-quota" Error Done,
    InvalidServicePrincipalFormat "INVALID_SERVICE_PRINCIPAL_FORMAT" "lint-invalid-service-principal-format" Error Done,
    MissingTagKeyInCondition "MISSING_TAG_KEY_IN_CONDITION" "lint-missing-tag-key-in-condition" Error Done,
    InvalidVpcFormat "INVALID_VPC_FORMAT" "lint-invalid-vpc-format" Error Done,
    InvalidVpceFormat "INVALID_VPCE_FORMAT" "lint-invalid-vpce-format" Error Done,
    FederatedPrincipalNotSupported "FEDERATED_PRINCIPAL_NOT_SUPPORTED" "lint-federated-principal-not-supported" Error Done,
    UnsupportedActionForConditionKey "UNSUPPORTED_ACTION_FOR_CONDITION_KEY" "lint-unsupported-action-for-condition-key" Error Done,
    UnsupportedConditionKeyForServicePrincipal "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL" "lint-unsupported-condition-key-for-service-principal" Error Done,
    RoleTrustPolicySyntaxErrorNotprincipal "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL" "lint-role-trust-policy-syntax-error-notprincipal" Error Done,
    RoleTrustPolicyUnsupportedWildcardInPrincipal "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL" "lint-role-trust-policy-unsupported-wildcard-in-principal" Error Done,
    RoleTrustPolicySyntaxErrorResource "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE" "lint-role-trust-policy-syntax-error-resource" Error Done,
    MissingActionForConditionKey "MISSING_ACTION_FOR_CONDITION_KEY" "lint-missing-action-for-condition-key" Error Done,
    InvalidFederatedPrincipalSyntaxInRoleTrustPolicy "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY" "lint-invalid-federated-principal-syntax-in-role-trust-policy" Error Done,
    MismatchedActionForPrincipal "MISMATCHED_ACTION_FOR_PRINCIPAL" "lint-mismatched-action-for-principal" Error Done,
    MissingActionForRolesAnywhereTrustPolicy "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY" "lint-missing-action-for-roles-anywhere-trust-policy" Error Done,
    CreateSlrWithNotResource "CREATE_SLR_WITH_NOT_RESOURCE" "lint-create-slr-with-notresource" Warning Done,
    CreateSlrWithStarInActionAndNotResource "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE" "lint-create-slr-with-star-in-action-and-notresource" Warning Done,
    CreateSlrWithNotActionAndNotResource "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE" "lint-create-slr-with-notaction-and-notresource" Warning Done,
    CreateSlrWithStarInResource "CREATE_SLR_WITH_STAR_IN_RESOURCE" "lint-create-slr-with-star-in-resource" Warning Done,
    CreateSlrWithStarInActionAndResource "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE" "lint-create-slr-with-star-in-action-and-resource" Warning Done,
    CreateSlrWithStarInResourceAndNotAction "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION" "lint-create-slr-with-star-in-resource-and-notaction" Warning Done,
    DeprecatedGlobalConditionKey "DEPRECATED_GLOBAL_CONDITION_KEY" "lint-deprecated-global-condition-key" Warning Done,
    InvalidDateValue "INVALID_DATE_VALUE" "lint-invalid-date-value" Warning Done,
    InvalidRoleReference "INVALID_ROLE_REFERENCE" "lint-invalid-role-reference" Warning Done,
    InvalidUserReference "INVALID_USER_REFERENCE" "lint-invalid-user-reference" Warning Done,
    MissingVersion "MISSING_VERSION" "lint-missing-version" Warning Done,
    UniqueSidsRecommended "UNIQUE_SIDS_RECOMMENDED" "lint-unique-sids-recommended" Warning Done,
    WildcardWithoutLikeOperator "WILDCARD_WITHOUT_LIKE_OPERATOR" "lint-wildcard-without-like-operator" Warning Done,
    PolicySizeExceedsIdentityPolicyQuota "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA" "lint-policy-size-exceeds-identity-policy-quota" Warning Done,
    PolicySizeExceedsResourcePolicyQuota "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA" "lint-policy-size-exceeds-resource-policy-quota" Warning Done,
    TypeMismatch "TYPE_MISMATCH" "lint-type-mismatch" Warning Done,
    TypeMismatchBoolean "TYPE_MISMATCH_BOOLEAN" "lint-type-mismatch-boolean" Warning Done,
    TypeMismatchDate "TYPE_MISMATCH_DATE" "lint-type-mismatch-date" Warning Done,
    TypeMismatchIpRange "TYPE_MISMATCH_IP_RANGE" "lint-type-mismatch-ip-range" Warning Done,
    TypeMismatchNumber "TYPE_MISMATCH_NUMBER" "lint-type-mismatch-number" Warning Done,
    TypeMismatchString "TYPE_MISMATCH_STRING" "lint-type-mismatch-string" Warning Done,
    SpecificGithubRepoAndBranchRecommended "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED" "lint-specific-github-repo-and-branch-recommended" Warning Done,
    PolicySizeExceedsRoleTrustPolicyQuota "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA" "lint-policy-size-exceeds-role-trust-policy-quota" Warning Done,
    AllowWithNotPrincipal "ALLOW_WITH_NOT_PRINCIPAL" "lint-allow-with-notprincipal" SecurityWarning Done,
    ForAllValuesWithSingleValuedKey "FOR_ALL_VALUES_WITH_SINGLE_VALUED_KEY" "lint-forallvalues-with-single-valued-key" SecurityWarning Done,
    PassRoleWithNotResource "PASS_ROLE_WITH_NOT_RESOURCE" "lint-pass-role-with-notresource" SecurityWarning Done,
    PassRoleWithStarInActionAndNotResource "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE" "lint-pass-role-with-star-in-action-and-notresource" SecurityWarning Done,
    PassRoleWithNotActionAndNotResource "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE" "lint-pass-role-with-notaction-and-notresource" SecurityWarning Done,
    PassRoleWithStarInResource "PASS_ROLE_WITH_STAR_IN_RESOURCE" "lint-pass-role-with-star-in-resource" SecurityWarning Done,
    PassRoleWithStarInActionAndResource "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE" "lint-pass-role-with-star-in-action-and-resource" SecurityWarning Done,
    PassRoleWithStarInResourceAndNotAction "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION" "lint-pass-role-with-star-in-resource-and-notaction" SecurityWarning Done,
    MissingPairedConditionKeys "MISSING_PAIRED_CONDITION_KEYS" "lint-missing-paired-condition-keys" SecurityWarning Done,
    DenyWithUnsupportedTagConditionKeyForService "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" "lint-deny-with-unsupported-tag-condition-key-for-service" SecurityWarning Done,
    DenyNotActionWithUnsupportedTagConditionKeyForService "DENY_NOT_ACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" "lint-deny-notaction-with-unsupported-tag-condition-key-for-service" SecurityWarning Done,
    RestrictAccessToServicePrincipal "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL" "lint-restrict-access-to-service-principal" SecurityWarning Done,
    MissingConditionKeyForOidcPrincipal "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL" "lint-missing-condition-key-for-oidc-principal" SecurityWarning Done,
    MissingGithubRepoConditionKey "MISSING_GITHUB_REPO_CONDITION_KEY" "lint-missing-github-repo-condition-key" SecurityWarning Done,
    EmptyArrayAction "EMPTY_ARRAY_ACTION" "lint-empty-array-action" Suggestion Done,
    EmptyArrayCondition "EMPTY_ARRAY_CONDITION" "lint-empty-array-condition" Suggestion Done,
    EmptyArrayConditionForAllValues "EMPTY_ARRAY_CONDITION_FOR_ALL_VALUES" "lint-empty-array-condition-forallvalues" Suggestion Done,
    EmptyArrayConditionForAnyValue "EMPTY_ARRAY_CONDITION_FOR_ANY_VALUE" "lint-empty-array-condition-foranyvalue" Suggestion Done,
    EmptyArrayConditionIfExists "EMPTY_ARRAY_CONDITION_IF_EXISTS" "lint-empty-array-condition-ifexists" Suggestion Done,
    EmptyArrayPrincipal "EMPTY_ARRAY_PRINCIPAL" "lint-empty-array-principal" Suggestion Done,
    EmptyArrayResource "EMPTY_ARRAY_RESOURCE" "lint-empty-array-resource" Suggestion Done,
    EmptyObjectCondition "EMPTY_OBJECT_CONDITION" "lint-empty-object-condition" Suggestion Done,
    EmptyObjectPrincipal "EMPTY_OBJECT_PRINCIPAL" "lint-empty-object-principal" Suggestion Done,
    EmptySidValue "EMPTY_SID_VALUE" "lint-empty-sid-value" Suggestion Done,
    ImproveIpRange "IMPROVE_IP_RANGE" "lint-improve-ip-range" Suggestion Done,
    NullWithQualifier "NULL_WITH_QUALIFIER" "lint-null-with-qualifier" Suggestion Done,
    PrivateIpAddressSubset "PRIVATE_IP_ADDRESS_SUBSET" "lint-private-ip-address-subset" Suggestion Done,
    PrivateNotIpAddressSubset "PRIVATE_NOT_IP_ADDRESS_SUBSET" "lint-private-not-ip-address-subset" Suggestion Done,
    RedundantAction "REDUNDANT_ACTION" "lint-redundant-action" Suggestion Done,
    RedundantConditionValueNum "REDUNDANT_CONDITION_VALUE_NUM" "lint-redundant-condition-value-num" Suggestion Done,
    RedundantResource "REDUNDANT_RESOURCE" "lint-redundant-resource" Suggestion Done,
    RedundantStatement "REDUNDANT_STATEMENT" "lint-redundant-statement" Suggestion Done,
    WildcardInServiceName "WILDCARD_IN_SERVICE_NAME" "lint-wildcard-in-service-name" Suggestion Done,
    AllowWithUnsupportedTagConditionKeyForService "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" "lint-allow-with-unsupported-tag-condition-key-for-service" Suggestion Done,
    AllowNotActionWithUnsupportedTagConditionKeyForService "ALLOW_NOT_ACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" "lint-allow-notaction-with-unsupported-tag-condition-key-for-service" Suggestion Done,
    RecommendedConditionKeyForServicePrincipal "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL" "lint-recommended-condition-key-for-service-principal" Suggestion Done,
    IrrelevantConditionKeyInPolicy "IRRELEVANT_CONDITION_KEY_IN_POLICY" "lint-irrelevant-condition-key-in-policy" Suggestion Done,
    RedundantPrincipalInRoleTrustPolicy "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY" "lint-redundant-principal-in-role-trust-policy" Suggestion Done,
    ConfirmAudienceClaimType "CONFIRM_AUDIENCE_CLAIM_TYPE" "lint-confirm-audience-claim-type" Suggestion Done,
}
