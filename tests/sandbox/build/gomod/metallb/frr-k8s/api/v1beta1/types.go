// Package v1beta1 holds the types of the FRR-K8s API that MetalLB's BGP code names.
//
// MetalLB in layer 2 mode compiles against them and never sends one: this stand-in
// exists because the module proxy does not carry the original.
package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FRRConfiguration is one node's configuration of FRR.
type FRRConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              FRRConfigurationSpec `json:"spec,omitempty"`
}

// FRRConfigurationList is a list of FRRConfiguration.
type FRRConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []FRRConfiguration `json:"items"`
}

// FRRConfigurationSpec selects the nodes and says what FRR does there.
type FRRConfigurationSpec struct {
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty"`
	BGP          BGPConfig            `json:"bgp,omitempty"`
}

// BGPConfig is the BGP part of a configuration.
type BGPConfig struct {
	Routers     []Router     `json:"routers,omitempty"`
	BFDProfiles []BFDProfile `json:"bfdProfiles,omitempty"`
}

// Router is one BGP router.
type Router struct {
	ASN       uint32     `json:"asn"`
	ID        string     `json:"id,omitempty"`
	VRF       string     `json:"vrf,omitempty"`
	Neighbors []Neighbor `json:"neighbors,omitempty"`
	Prefixes  []string   `json:"prefixes,omitempty"`
}

// DynamicASNMode says how a neighbor's AS number is found.
type DynamicASNMode string

// Neighbor is one peer of a Router.
type Neighbor struct {
	ASN                    uint32           `json:"asn,omitempty"`
	DynamicASN             DynamicASNMode   `json:"dynamicASN,omitempty"`
	Address                string           `json:"address,omitempty"`
	Interface              string           `json:"interface,omitempty"`
	Port                   *uint16          `json:"port,omitempty"`
	Password               string           `json:"password,omitempty"`
	PasswordSecret         SecretReference  `json:"passwordSecret,omitempty"`
	HoldTime               *metav1.Duration `json:"holdTime,omitempty"`
	KeepaliveTime          *metav1.Duration `json:"keepaliveTime,omitempty"`
	ConnectTime            *metav1.Duration `json:"connectTime,omitempty"`
	EBGPMultiHop           bool             `json:"ebgpMultiHop,omitempty"`
	BFDProfile             string           `json:"bfdProfile,omitempty"`
	EnableGracefulRestart  bool             `json:"enableGracefulRestart,omitempty"`
	DualStackAddressFamily bool             `json:"dualStackAddressFamily,omitempty"`
	DisableMP              bool             `json:"disableMP,omitempty"`
	ToAdvertise            Advertise        `json:"toAdvertise,omitempty"`
}

// SecretReference names a Secret.
type SecretReference struct {
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// Advertise says which prefixes a Neighbor hears of.
type Advertise struct {
	Allowed                   AllowedOutPrefixes      `json:"allowed,omitempty"`
	PrefixesWithLocalPref     []LocalPrefPrefixes     `json:"withLocalPref,omitempty"`
	PrefixesWithCommunity     []CommunityPrefixes     `json:"withCommunity,omitempty"`
	PrefixesWithAsPathPrepend []AsPathPrependPrefixes `json:"withAsPathPrepend,omitempty"`
}

// AllowedOutPrefixes lists the prefixes that may leave.
type AllowedOutPrefixes struct {
	Prefixes []string `json:"prefixes,omitempty"`
}

// LocalPrefPrefixes gives prefixes a local preference.
type LocalPrefPrefixes struct {
	Prefixes  []string `json:"prefixes,omitempty"`
	LocalPref uint32   `json:"localPref,omitempty"`
}

// CommunityPrefixes gives prefixes a community.
type CommunityPrefixes struct {
	Prefixes  []string `json:"prefixes,omitempty"`
	Community string   `json:"community,omitempty"`
}

// AsPathPrependPrefixes gives prefixes a number of prepended AS numbers.
type AsPathPrependPrefixes struct {
	Prefixes      []string `json:"prefixes,omitempty"`
	AsPathPrepend uint8    `json:"asPathPrepend,omitempty"`
}

// BFDProfile is a named set of BFD parameters.
type BFDProfile struct {
	Name             string  `json:"name"`
	ReceiveInterval  *uint32 `json:"receiveInterval,omitempty"`
	TransmitInterval *uint32 `json:"transmitInterval,omitempty"`
	DetectMultiplier *uint32 `json:"detectMultiplier,omitempty"`
	EchoInterval     *uint32 `json:"echoInterval,omitempty"`
	EchoMode         *bool   `json:"echoMode,omitempty"`
	PassiveMode      *bool   `json:"passiveMode,omitempty"`
	MinimumTTL       *uint32 `json:"minimumTtl,omitempty"`
}
