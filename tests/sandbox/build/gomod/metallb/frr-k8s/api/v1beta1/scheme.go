package v1beta1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "frrk8s.metallb.io", Version: "v1beta1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(groupVersion, &FRRConfiguration{}, &FRRConfigurationList{})
	metav1.AddToGroupVersion(s, groupVersion)
	return nil
}

// copyInto copies any of the plain data types above by way of JSON.
func copyInto(in, out any) {
	data, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		panic(err)
	}
}

// DeepCopyInto copies s into out.
func (s *FRRConfigurationSpec) DeepCopyInto(out *FRRConfigurationSpec) { copyInto(s, out) }

// DeepCopy returns a copy of c.
func (c *FRRConfiguration) DeepCopy() *FRRConfiguration {
	out := &FRRConfiguration{}
	copyInto(c, out)
	return out
}

// DeepCopyObject returns a copy of c.
func (c *FRRConfiguration) DeepCopyObject() runtime.Object { return c.DeepCopy() }

// DeepCopyObject returns a copy of l.
func (l *FRRConfigurationList) DeepCopyObject() runtime.Object {
	out := &FRRConfigurationList{}
	copyInto(l, out)
	return out
}
